#include "text/pipeline/pretty_json.h"

namespace headrace::text {
namespace {

void new_line(std::string& out, int level) {
  out += '\n';
  out.append(static_cast<size_t>(level) * 2, ' ');
}

/// The end of the string that begins at `begin`.
size_t string_end(std::string_view json, size_t begin) {
  size_t at = begin + 1;
  while (json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return at + 1;
}

}  // namespace

void append_pretty_json(std::string& out, std::string_view compact, int level) {
  for (size_t at = 0; at < compact.size(); ++at) {
    const char c = compact[at];
    if (c == '"') {
      const size_t end = string_end(compact, at);
      out.append(compact.substr(at, end - at));
      at = end - 1;
    } else if (c == '{' || c == '[') {
      out += c;
      if (compact[at + 1] == '}' || compact[at + 1] == ']') {
        out += compact[++at];
      } else {
        new_line(out, ++level);
      }
    } else if (c == '}' || c == ']') {
      new_line(out, --level);
      out += c;
    } else if (c == ',') {
      out += c;
      new_line(out, level);
    } else if (c == ':') {
      out += ": ";
    } else {
      out += c;
    }
  }
}

}  // namespace headrace::text
