#include "text/jinja/lines.h"

#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

bool ends_line(uint32_t code_point) {
  return (code_point >= 0x0a && code_point <= 0x0d) || (code_point >= 0x1c && code_point <= 0x1e) ||
         code_point == 0x85 || code_point == 0x2028 || code_point == 0x2029;
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  size_t start = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    size_t next = i + point.size;
    if (ends_line(point.value)) {
      if (point.value == '\r' && next < text.size() && text[next] == '\n') ++next;
      lines.push_back(text.substr(start, (keep_ends ? next : i) - start));
      start = next;
    }
    i = next;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

std::string replace_all(Heap& heap, std::string_view text, std::string_view from, std::string_view to, int64_t count) {
  heap.step(text.size() / 64);
  std::string out;
  uint64_t left = count < 0 ? UINT64_MAX : static_cast<uint64_t>(count);
  size_t i = 0;
  if (from.empty()) {
    // An empty string stands before every character and at the end.
    while (left > 0) {
      --left;
      out += to;
      heap.expect(out.size());
      if (i >= text.size()) return out;
      const size_t size = decode_at(text, i).size;
      out += text.substr(i, size);
      i += size;
    }
    return out.append(text.substr(i));
  }
  for (size_t found = 0; left > 0 && (found = text.find(from, i)) != std::string_view::npos; --left) {
    out += text.substr(i, found - i);
    out += to;
    heap.expect(out.size());
    i = found + from.size();
  }
  return out.append(text.substr(i));
}

}  // namespace headrace::text::jinja
