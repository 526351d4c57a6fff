#include "text/components/models/json_writer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>

namespace headrace::text {
namespace {

/// A number is written without an exponent while its point lies within these places
/// of its first digit.
struct Layout {
  int first_point;
  int last_point;
};
constexpr Layout kDouble{-4, 16};
constexpr Layout kFloat{-5, 13};

template <class Number>
void append_number(std::string& out, Number value, Layout layout) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  if (std::signbit(value)) out += '-';
  value = std::fabs(value);
  if (value == 0) {
    out += "0.0";
    return;
  }
  char text[64];
  char* const end = std::to_chars(text, text + sizeof text - 1, value, std::chars_format::scientific).ptr;
  *end = '\0';
  std::string digits;
  const char* p = text;
  for (; p < end && *p != 'e'; ++p) {
    if (*p != '.') digits += *p;
  }
  const int point = std::atoi(p + 1) + 1;  // the point comes after so many digits
  const int count = static_cast<int>(digits.size());
  if (point < layout.first_point || point > layout.last_point) {
    out += digits[0];
    if (count > 1) out.append(".").append(digits, 1);
    fmt::format_to(std::back_inserter(out), "e{:+}", point - 1);
  } else if (point <= 0) {
    out.append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    out.append(digits).append(static_cast<size_t>(point - count), '0').append(".0");
  } else {
    out.append(digits, 0, static_cast<size_t>(point)).append(".").append(digits, static_cast<size_t>(point));
  }
}

}  // namespace

void append_json_number(std::string& out, double value) { append_number(out, value, kDouble); }
void append_json_number(std::string& out, float value) { append_number(out, value, kFloat); }

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    }
  }
  out.append(text, plain);
  out += '"';
}

}  // namespace headrace::text
