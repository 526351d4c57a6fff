#include "text/jinja/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>

#include "text/jinja/failure.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

bool is_digit_char(char c) { return c >= '0' && c <= '9'; }

// Drops single underscores between digits; false where one stands elsewhere.
bool drop_underscores(std::string& text) {
  std::string kept;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      kept += text[i];
    } else if (i == 0 || i + 1 == text.size() || !std::isalnum(static_cast<unsigned char>(text[i - 1])) ||
               !std::isalnum(static_cast<unsigned char>(text[i + 1]))) {
      return false;
    }
  }
  text = std::move(kept);
  return true;
}

// The base that a prefix like 0x names, or 0.
int prefixed_base(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  switch (text[1] | 0x20) {
    case 'x': return 16;
    case 'o': return 8;
    case 'b': return 2;
    default: return 0;
  }
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text, int base) {
  if (base != 0 && (base < 2 || base > 36)) stop("an integer's base is 0 or from 2 to 36, not {}", base);
  text = strip(text);
  std::string digits;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int prefix = prefixed_base(text);
  bool after_prefix = false;
  if (prefix && (base == 0 || base == prefix)) {
    text.remove_prefix(2);
    base = prefix;
    after_prefix = text.starts_with('_');
    if (after_prefix) text.remove_prefix(1);
  } else if (base == 0) {
    const bool zeros = text.find_first_not_of("0_") == std::string_view::npos;
    if (text.starts_with('0') && !zeros) return std::nullopt;
    base = 10;
  }
  digits = text;
  if (digits.empty() || !std::isalnum(static_cast<unsigned char>(digits[0])) || !drop_underscores(digits)) return {};
  uint64_t magnitude = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (result.ptr != digits.data() + digits.size()) return std::nullopt;
  const uint64_t limit = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (result.ec != std::errc() || magnitude > limit) stop("an integer read from a string does not fit 64 bits");
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

std::optional<double> parse_float(std::string_view text) {
  text = strip(text);
  std::string digits(text);
  if (!drop_underscores(digits)) return std::nullopt;
  size_t i = !digits.empty() && (digits[0] == '-' || digits[0] == '+') ? 1 : 0;
  const std::string word = to_lower(digits.substr(i));
  if (word == "inf" || word == "infinity") return digits[0] == '-' ? -HUGE_VAL : HUGE_VAL;
  if (word == "nan") return std::nan("");
  // strtod takes more than Python does (hexadecimal), so the form is checked first.
  size_t count = 0;
  for (; i < digits.size() && is_digit_char(digits[i]); ++i) ++count;
  if (i < digits.size() && digits[i] == '.')
    for (++i; i < digits.size() && is_digit_char(digits[i]); ++i) ++count;
  if (count == 0) return std::nullopt;
  if (i < digits.size() && (digits[i] | 0x20) == 'e') {
    ++i;
    if (i < digits.size() && (digits[i] == '-' || digits[i] == '+')) ++i;
    const size_t start = i;
    while (i < digits.size() && is_digit_char(digits[i])) ++i;
    if (i == start) return std::nullopt;
  }
  if (i != digits.size()) return std::nullopt;
  double number = 0;
  const char* first = digits.data() + (digits[0] == '+' ? 1 : 0);
  const auto result = std::from_chars(first, digits.data() + digits.size(), number);
  if (result.ec == std::errc()) return number;
  // Out of range: too small where the exponent is negative or the digits start with a zero.
  const bool small = digits.find("e-") != std::string::npos || digits.find("E-") != std::string::npos || *first == '0' ||
                     digits.starts_with("-0");
  const double magnitude = small ? 0.0 : HUGE_VAL;
  return digits[0] == '-' ? -magnitude : magnitude;
}

double round_float(double number, int64_t digits) {
  if (!std::isfinite(number) || number == 0 || digits > 323) return number;
  if (digits < -308) return std::copysign(0.0, number);
  if (digits >= 0) {
    // Printing rounds the exact binary value, ties to even, as Python does.
    char text[1024];
    const int size = std::snprintf(text, sizeof text, "%.*f", static_cast<int>(digits), number);
    double rounded = 0;
    std::from_chars(text, text + size, rounded);
    return rounded;
  }
  const double unit = std::pow(10.0, static_cast<double>(-digits));
  return std::nearbyint(number / unit) * unit;
}

}  // namespace headrace::text::jinja
