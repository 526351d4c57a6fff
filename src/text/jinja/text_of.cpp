#include "text/jinja/text_of.h"

#include <charconv>
#include <cmath>

#include "text/jinja/failure.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

void append_integer(std::string& out, int64_t integer) { fmt::format_to(std::back_inserter(out), "{}", integer); }

void append_items(Heap& heap, std::string& out, std::span<const Value> items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i) out += ", ";
    append_repr(heap, out, items[i]);
  }
}

void append_entries(Heap& heap, std::string& out, const std::vector<Entry>& entries) {
  out += '{';
  bool first = true;
  for (const auto& [key, value] : entries) {
    if (!std::exchange(first, false)) out += ", ";
    append_repr(heap, out, key);
    out += ": ";
    append_repr(heap, out, value);
  }
  out += '}';
}

void append_view(Heap& heap, std::string& out, const Value& value) {
  const ViewObject& view = value.as<ViewObject>();
  out += type_name(value);
  out += "([";
  bool first = true;
  for (const auto& [key, item] : view.dictionary->entries()) {
    if (!std::exchange(first, false)) out += ", ";
    if (view.what == ViewOf::Items) out += '(';
    if (view.what != ViewOf::Values) append_repr(heap, out, key);
    if (view.what == ViewOf::Items) out += ", ";
    if (view.what != ViewOf::Keys) append_repr(heap, out, item);
    if (view.what == ViewOf::Items) out += ')';
  }
  out += "])";
}

void append_range(std::string& out, const RangeObject& range) {
  fmt::format_to(std::back_inserter(out), "range({}, {}", range.start, range.stop);
  if (range.step != 1) fmt::format_to(std::back_inserter(out), ", {}", range.step);
  out += ')';
}

// Python leaves printable characters, and escapes the others by their size.
void append_escaped(std::string& out, CodePoint point, std::string_view bytes) {
  const uint32_t value = point.value;
  if (value >= 0x110000) {
    fmt::format_to(std::back_inserter(out), "\\udc{:02x}", value - 0x110000);
  } else if (value >= 0x80 && is_printable(value)) {
    out += bytes;
  } else if (value < 0x100) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", value);
  } else if (value < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", value);
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", value);
  }
}

}  // namespace

std::string quoted(std::string_view text) {
  const bool use_double = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = use_double ? '"' : '\'';
  std::string out(1, quote);
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decode_at(text, i);
    const char c = text[i];
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (point.value >= 0x20 && point.value < 0x7f) {
      out += c;
    } else {
      append_escaped(out, point, text.substr(i, point.size));
    }
    i += point.size;
  }
  out += quote;
  return out;
}

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  std::string_view written(buffer, static_cast<size_t>(end - buffer));
  std::string out;
  if (written.front() == '-') {
    out += '-';
    written.remove_prefix(1);
  }
  const size_t mark = written.find('e');
  int exponent = 0;
  const char* digits_of_exponent = written.data() + mark + 1 + (written[mark + 1] == '+' ? 1 : 0);
  std::from_chars(digits_of_exponent, end, exponent);
  std::string digits(1, written[0]);
  if (mark > 2) digits += written.substr(2, mark - 2);

  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out.append(".").append(digits, 1);
    fmt::format_to(std::back_inserter(out), "e{}{:02d}", exponent < 0 ? '-' : '+', std::abs(exponent));
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
  } else {
    const auto whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    out.append(digits, 0, whole).append(".");
    out.append(digits.size() > whole ? digits.substr(whole) : "0");
  }
  return out;
}

void append_repr(Heap& heap, std::string& out, const Value& value) {
  heap.step();
  switch (value.kind()) {
    case Kind::Undefined: out += "Undefined"; break;
    case Kind::None: out += "None"; break;
    case Kind::Boolean: out += value.boolean() ? "True" : "False"; break;
    case Kind::Integer: append_integer(out, value.integer()); break;
    case Kind::Float: out += float_text(value.number()); break;
    case Kind::String: {
      const bool markup = value.as<StringObject>().is_markup();
      heap.step(value.text().size() / 16);
      out.append(markup ? "Markup(" : "").append(quoted(value.text())).append(markup ? ")" : "");
      break;
    }
    case Kind::List:
      out += '[';
      append_items(heap, out, value.items());
      out += ']';
      break;
    case Kind::Tuple:
      out += '(';
      append_items(heap, out, value.items());
      out += value.items().size() == 1 ? ",)" : ")";
      break;
    case Kind::Dictionary: append_entries(heap, out, value.as<DictionaryObject>().entries()); break;
    case Kind::View: append_view(heap, out, value); break;
    case Kind::Range: append_range(out, value.as<RangeObject>()); break;
    case Kind::Callable: out += value.as<CallableObject>().describe(); break;
    default: fmt::format_to(std::back_inserter(out), "<{} object>", type_name(value)); break;
  }
  heap.expect(out.size());
}

void append_text(Heap& heap, std::string& out, const Value& value) {
  if (value.is_string()) {
    out += value.text();
  } else if (!value.is_undefined()) {
    append_repr(heap, out, value);
  }
}

std::string text_of(Heap& heap, const Value& value) {
  std::string out;
  append_text(heap, out, value);
  return out;
}

std::string repr_of(Heap& heap, const Value& value) {
  std::string out;
  append_repr(heap, out, value);
  return out;
}

}  // namespace headrace::text::jinja
