#include "text/jinja/format_spec.h"

#include <cmath>
#include <cstdio>

#include "text/jinja/failure.h"
#include "text/jinja/text_of.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

bool is_align(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

std::string fill(const FormatSpec& spec, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += spec.fill;
  return text;
}

// `prefix` is the sign and a base's mark: with '=' the fill comes after it.
std::string pad(std::string_view prefix, std::string_view body, const FormatSpec& spec, char align) {
  const size_t size = prefix.size() + count_code_points(body);
  const auto width = static_cast<size_t>(spec.width);
  const size_t missing = width > size ? width - size : 0;
  const std::string whole = std::string(prefix).append(body);
  switch (align) {
    case '<': return whole + fill(spec, missing);
    case '^': return fill(spec, missing / 2) + whole + fill(spec, missing - missing / 2);
    case '=': return std::string(prefix).append(fill(spec, missing)).append(body);
    default: return fill(spec, missing) + whole;
  }
}

std::string sign_of(bool negative, const FormatSpec& spec) {
  if (negative) return "-";
  return spec.sign == '+' || spec.sign == ' ' ? std::string(1, spec.sign) : std::string();
}

char number_align(const FormatSpec& spec) { return spec.align ? spec.align : spec.zero ? '=' : '>'; }

// With a zero fill the width counts the separators that the zeros need.
std::string grouped(std::string digits, std::string_view tail, const FormatSpec& spec, size_t prefix_size, int every) {
  if (!spec.grouping) return digits.append(tail);
  const bool zeros = number_align(spec) == '=' && spec.fill == "0";
  std::string reversed;
  size_t count = 0;
  const size_t width = static_cast<size_t>(spec.width) > prefix_size + tail.size()
                           ? static_cast<size_t>(spec.width) - prefix_size - tail.size()
                           : 0;
  for (size_t i = digits.size(); i > 0 || (zeros && reversed.size() < width);) {
    if (count && count % static_cast<size_t>(every) == 0) reversed += spec.grouping;
    reversed += i > 0 ? digits[--i] : '0';
    ++count;
  }
  return std::string(reversed.rbegin(), reversed.rend()).append(tail);
}

std::string digits_in_base(uint64_t magnitude, unsigned base, bool upper) {
  std::string digits;
  do {
    const auto digit = static_cast<unsigned>(magnitude % base);
    digits += static_cast<char>(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
    magnitude /= base;
  } while (magnitude);
  return {digits.rbegin(), digits.rend()};
}

std::string print_float(const char* format, int precision, double magnitude) {
  char buffer[1024];
  const int size = std::snprintf(buffer, sizeof buffer, format, precision, magnitude);
  return {buffer, static_cast<size_t>(size)};
}

std::string float_digits(double magnitude, const FormatSpec& spec) {
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  const bool mark = spec.alternate;
  switch (spec.type) {
    case 'e': return print_float(mark ? "%#.*e" : "%.*e", precision, magnitude);
    case 'E': return print_float(mark ? "%#.*E" : "%.*E", precision, magnitude);
    case 'f':
    case 'F':
    case '%': return print_float(mark ? "%#.*f" : "%.*f", precision, magnitude);
    case 'g': return print_float(mark ? "%#.*g" : "%.*g", precision, magnitude);
    case 'G': return print_float(mark ? "%#.*G" : "%.*G", precision, magnitude);
    default: break;
  }
  if (spec.precision < 0) return float_text(magnitude);
  std::string digits = print_float("%.*g", precision == 0 ? 1 : precision, magnitude);
  if (digits.find_first_of(".en") == std::string::npos) {
    // Python's typeless format turns to an exponent one digit sooner than %g.
    if (static_cast<int>(digits.size()) >= std::max(precision, 1)) {
      digits = print_float("%.*e", std::max(precision, 1) - 1, magnitude);
      const size_t exponent = digits.find('e');
      size_t last = digits.find_last_not_of('0', exponent - 1);
      if (digits[last] == '.') --last;
      if (digits.find('.') < exponent) digits.erase(last + 1, exponent - last - 1);
    } else {
      digits += ".0";
    }
  }
  return digits;
}

}  // namespace

int parse_number(std::string_view text, size_t& position, int limit) {
  int number = -1;
  for (; position < text.size() && text[position] >= '0' && text[position] <= '9'; ++position) {
    number = std::max(number, 0) * 10 + (text[position] - '0');
    if (number > limit) stop_at_limit("a width or precision in a format is over {}", limit);
  }
  return number;
}

FormatSpec parse_format_spec(std::string_view text) {
  FormatSpec spec;
  bool has_fill = false;
  size_t i = 0;
  if (!text.empty()) {
    const size_t first = decode_at(text, 0).size;
    if (first < text.size() && is_align(text[first])) {
      spec.fill = text.substr(0, first);
      spec.align = text[first];
      has_fill = true;
      i = first + 1;
    } else if (is_align(text[0])) {
      spec.align = text[0];
      i = 1;
    }
  }
  if (i < text.size() && (text[i] == '+' || text[i] == '-' || text[i] == ' ')) spec.sign = text[i++];
  if (i < text.size() && text[i] == '#') {
    spec.alternate = true;
    ++i;
  }
  if (i < text.size() && text[i] == '0') {
    if (!has_fill) spec.fill = "0";
    spec.zero = true;
    ++i;
  }
  spec.width = std::max(parse_number(text, i, kWidest), 0);
  if (i < text.size() && (text[i] == ',' || text[i] == '_')) spec.grouping = text[i++];
  if (i < text.size() && text[i] == '.') {
    ++i;
    spec.precision = parse_number(text, i, kWidest);
    if (spec.precision < 0) stop("a format is missing its precision");
  }
  if (i < text.size()) spec.type = text[i++];
  if (i < text.size()) stop("the format '{}' is not valid", text);
  return spec;
}

std::string format_integer(int64_t integer, const FormatSpec& spec) {
  const uint64_t magnitude = integer < 0 ? 0 - static_cast<uint64_t>(integer) : static_cast<uint64_t>(integer);
  unsigned base = 10;
  switch (spec.type) {
    case 'x':
    case 'X': base = 16; break;
    case 'o': base = 8; break;
    case 'b': base = 2; break;
    default: break;
  }
  std::string prefix = sign_of(integer < 0, spec);
  if (spec.alternate && base != 10) prefix.append("0").append(1, spec.type);
  std::string digits = digits_in_base(magnitude, base, spec.type == 'X');
  if (spec.precision > 0 && digits.size() < static_cast<size_t>(spec.precision))
    digits.insert(0, static_cast<size_t>(spec.precision) - digits.size(), '0');
  const std::string body = grouped(std::move(digits), "", spec, prefix.size(), base == 10 ? 3 : 4);
  return pad(prefix, body, spec, number_align(spec));
}

std::string format_float(double number, const FormatSpec& spec) {
  if (spec.precision > kMostPrecise) stop_at_limit("a float's precision is over {}", kMostPrecise);
  const double scaled = spec.type == '%' ? number * 100 : number;
  const std::string prefix = sign_of(std::signbit(scaled) && !std::isnan(scaled), spec);
  const bool upper = spec.type == 'E' || spec.type == 'F' || spec.type == 'G';
  std::string digits;
  if (std::isfinite(scaled)) {
    digits = float_digits(std::fabs(scaled), spec);
  } else {
    digits = std::isnan(scaled) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
  }
  if (spec.type == '%') digits += '%';
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  const std::string body =
      grouped(digits.substr(0, whole), std::string_view(digits).substr(whole), spec, prefix.size(), 3);
  return pad(prefix, body, spec, number_align(spec));
}

std::string format_text(std::string_view text, const FormatSpec& spec) {
  if (spec.precision >= 0) text = text.substr(0, byte_offset(text, static_cast<size_t>(spec.precision)));
  return pad("", text, spec, spec.align ? spec.align : '<');
}

}  // namespace headrace::text::jinja
