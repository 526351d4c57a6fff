#include "text/components/models/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/components/models/json_writer.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// number · 10 + digit, if that has 64 bits.
bool append_digit(uint64_t number, char digit, uint64_t& longer) {
  return !__builtin_mul_overflow(number, 10, &longer) && !__builtin_add_overflow(longer, static_cast<uint64_t>(digit - '0'), &longer);
}

/// 10^n as the nearest double, n from 0 to 308.
double power_of_ten(uint32_t n) {
  static const std::vector<double> powers = [] {
    std::vector<double> list;
    for (int i = 0; i <= 308; ++i) list.push_back(std::strtod(fmt::format("1e{}", i).c_str(), nullptr));
    return list;
  }();
  return powers[n];
}

void append_utf8(char*& out, char32_t c) {
  const auto put = [&out](uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

}  // namespace

bool JsonReader::fail_here(const char* message) {
  if (message_ == nullptr) message_ = message;
  return false;
}

Error JsonReader::error() const {
  const char* stop = std::min(at_ + 1, end_);
  const auto lines = std::count(begin_, std::min(at_, end_), '\n');
  const char* line = std::min(at_, end_);
  while (line > begin_ && line[-1] != '\n') --line;
  const char* message = message_ ? message_ : "expected another value";
  return {ErrorKind::InvalidData, fmt::format("{} at line {} column {}", message, lines + 1, stop - line)};
}

bool JsonReader::peek_other(Kind& kind) {
  if (at_ == end_) return fail_here("EOF while parsing a value");
  switch (*at_) {
    case '{': kind = Kind::Object; return true;
    case '[': kind = Kind::Array; return true;
    case '"': kind = Kind::String; return true;
    case 't': kind = Kind::True; return true;
    case 'f': kind = Kind::False; return true;
    case 'n': kind = Kind::Null; return true;
    default: kind = Kind::Number; return *at_ == '-' || is_digit(*at_) || fail_here("expected value");
  }
}

bool JsonReader::enter(char open) {
  white_space();
  if (at_ == end_) return fail_here("EOF while parsing a value");
  if (*at_ != open) return fail_here("expected value");
  if (++depth_ > kDeepest) return fail_here("recursion limit exceeded");
  ++at_;
  white_space();
  if (at_ == end_) return fail_here(open == '{' ? "EOF while parsing an object" : "EOF while parsing a list");
  return true;
}

/// Says what is wrong where `key` found none, unless reading its string did.
bool JsonReader::no_key() {
  if (message_ != nullptr) return false;
  return fail_here(at_ == end_ ? "EOF while parsing an object" : "key must be a string");
}

bool JsonReader::no_colon() { return fail_here(at_ == end_ ? "EOF while parsing an object" : "expected `:`"); }

bool JsonReader::trailing_comma() { return fail_here("trailing comma"); }

/// What stands behind an element and is no comma.
bool JsonReader::uncommon_separator(char close, bool& more) {
  if (at_ == end_) return fail_here(close == '}' ? "EOF while parsing an object" : "EOF while parsing a list");
  if (*at_ == close) {
    ++at_;
    --depth_;
    more = false;
    return true;
  }
  return fail_here(close == '}' ? "expected `,` or `}`" : "expected `,` or `]`");
}

char* JsonReader::memory(size_t size) {
  if (block_left_ < size) {
    block_left_ = std::max(size, kBlockBytes);
    blocks_.emplace_back(new char[block_left_]);
    block_at_ = blocks_.back().get();
  }
  return block_at_;
}

bool JsonReader::uncommon_string(std::string_view& value) {
  if (at_ == end_ || *at_ != '"') return fail_here(at_ == end_ ? "EOF while parsing a value" : "expected value");
  const char* begin = ++at_;
  at_ = json_scan::string_stop(at_, end_);
  if (at_ < end_ && *at_ == '"') {
    value = {begin, static_cast<size_t>(at_ - begin)};
    ++at_;
    return true;
  }
  return escaped_string(begin, value);
}

/// Goes on at the first byte that is not plain: finds the end, then writes the text out.
bool JsonReader::escaped_string(const char* begin, std::string_view& value) {
  const char* close = at_;
  while (close < end_ && *close != '"') {
    if (*close == '\\') {
      close = json_scan::string_stop(std::min(close + 2, end_), end_);
    } else {
      at_ = close;
      return fail_here("control character (\\u0000-\\u001F) found while parsing a string");
    }
  }
  if (close >= end_) {
    at_ = end_;
    return fail_here("EOF while parsing a string");
  }
  char* const out_begin = memory(static_cast<size_t>(close - begin));
  char* out = out_begin;
  for (at_ = begin; at_ < close;) {
    const char* plain = json_scan::string_stop(at_, close);
    out = std::copy(at_, plain, out);
    at_ = plain;
    if (at_ < close && !escape(out)) return false;
  }
  ++at_;
  value = {out_begin, static_cast<size_t>(out - out_begin)};
  block_at_ = out;
  block_left_ -= value.size();
  return true;
}

bool JsonReader::escape(char*& out) {
  ++at_;
  const char letter = *at_++;
  switch (letter) {
    case '"': case '\\': case '/': *out++ = letter; return true;
    case 'b': *out++ = '\b'; return true;
    case 'f': *out++ = '\f'; return true;
    case 'n': *out++ = '\n'; return true;
    case 'r': *out++ = '\r'; return true;
    case 't': *out++ = '\t'; return true;
    case 'u': break;
    default: --at_; return fail_here("invalid escape");
  }
  uint32_t unit = 0;
  if (!hex(unit)) return false;
  if (unit >= 0xDC00 && unit < 0xE000) return fail_here("lone leading surrogate in hex escape");
  if (unit < 0xD800 || unit >= 0xE000) {
    append_utf8(out, unit);
    return true;
  }
  if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return fail_here("unexpected end of hex escape");
  at_ += 2;
  uint32_t low = 0;
  if (!hex(low)) return false;
  if (low < 0xDC00 || low >= 0xE000) return fail_here("lone leading surrogate in hex escape");
  append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
  return true;
}

bool JsonReader::hex(uint32_t& unit) {
  unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_) return fail_here("EOF while parsing a string");
    const char c = *at_;
    const int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return fail_here("invalid escape");
    unit = unit << 4 | static_cast<uint32_t>(digit);
  }
  return true;
}

bool JsonReader::number(JsonNumber& value) {
  white_space();
  const bool minus = at_ < end_ && *at_ == '-';
  if (minus) ++at_;
  if (at_ == end_) return fail_here("EOF while parsing a value");
  if (!is_digit(*at_)) return fail_here(minus ? "invalid number" : "expected value");
  if (*at_ == '0' && at_ + 1 < end_ && is_digit(at_[1])) {
    ++at_;
    return fail_here("invalid number");
  }
  uint64_t significand = 0;
  int32_t dropped = 0;  // digits beyond 64 bits
  for (; at_ < end_ && is_digit(*at_); ++at_) {
    uint64_t more;
    if (dropped > 0 || !append_digit(significand, *at_, more)) {
      if (dropped < std::numeric_limits<int32_t>::max()) ++dropped;
    } else {
      significand = more;
    }
  }
  if (at_ < end_ && *at_ == '.') return fraction(minus, significand, dropped, value);
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) return exponent(minus, significand, dropped, value);
  if (dropped > 0) return scaled(minus, significand, dropped, value);
  value = {JsonNumber::Kind::Unsigned, significand, 0, static_cast<double>(significand)};
  if (!minus) return true;
  value.value = -value.value;
  const bool fits = significand != 0 && significand <= uint64_t{1} << 63;
  value.kind = fits ? JsonNumber::Kind::Negative : JsonNumber::Kind::Floating;
  value.negative = fits ? static_cast<int64_t>(~significand + 1) : 0;
  return true;
}

bool JsonReader::fraction(bool minus, uint64_t significand, int32_t exponent_before, JsonNumber& value) {
  ++at_;
  if (at_ == end_) return fail_here("EOF while parsing a value");
  if (!is_digit(*at_)) return fail_here("invalid number");
  int32_t after = 0;
  bool full = false;
  for (; at_ < end_ && is_digit(*at_); ++at_) {
    uint64_t more;
    if (full || !append_digit(significand, *at_, more)) {
      full = true;
    } else {
      significand = more;
      --after;
    }
  }
  const int32_t power = exponent_before + after;
  if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) return exponent(minus, significand, power, value);
  return scaled(minus, significand, power, value);
}

bool JsonReader::exponent(bool minus, uint64_t significand, int32_t start, JsonNumber& value) {
  ++at_;
  bool negative = false;
  if (at_ < end_ && (*at_ == '+' || *at_ == '-')) negative = *at_++ == '-';
  if (at_ == end_) return fail_here("EOF while parsing a value");
  if (!is_digit(*at_)) return fail_here("invalid number");
  int64_t power = 0;
  for (; at_ < end_ && is_digit(*at_); ++at_) power = std::min<int64_t>(power * 10 + (*at_ - '0'), int64_t{1} << 40);
  constexpr int64_t kLargest = std::numeric_limits<int32_t>::max();
  if (power > kLargest && !negative && significand != 0) return fail_here("number out of range");
  if (power > kLargest) significand = 0;
  power = std::clamp<int64_t>(start + (negative ? -power : power), -kLargest, kLargest);
  return scaled(minus, significand, static_cast<int32_t>(power), value);
}

/// significand · 10^exponent, each step rounded, as the reference computes it.
bool JsonReader::scaled(bool minus, uint64_t significand, int32_t exponent, JsonNumber& value) {
  auto result = static_cast<double>(significand);
  while (exponent < -308 && result != 0) {
    result /= 1e308;
    exponent += 308;
  }
  if (result != 0 && exponent > 308) return fail_here("number out of range");
  if (result != 0 && exponent >= 0) result *= power_of_ten(static_cast<uint32_t>(exponent));
  if (result != 0 && exponent < 0) result /= power_of_ten(static_cast<uint32_t>(-exponent));
  if (std::isinf(result)) return fail_here("number out of range");
  value = {JsonNumber::Kind::Floating, 0, 0, minus ? -result : result};
  return true;
}

bool JsonReader::literal(std::string_view word) {
  white_space();
  for (const char letter : word) {
    if (at_ == end_) return fail_here("EOF while parsing a value");
    if (*at_ != letter) return fail_here("expected ident");
    ++at_;
  }
  return true;
}

bool JsonReader::boolean(bool& value) {
  Kind kind;
  if (!peek(kind)) return false;
  value = kind == Kind::True;
  return literal(value ? "true" : "false");
}

bool JsonReader::null() { return literal("null"); }

bool JsonReader::skip() {
  Kind kind;
  if (!peek(kind)) return false;
  std::string_view text;
  JsonNumber number;
  switch (kind) {
    case Kind::Object: return members([this](std::string_view) { return skip(); });
    case Kind::Array: return elements([this] { return skip(); });
    case Kind::String: return string(text);
    case Kind::Number: return this->number(number);
    case Kind::True: return literal("true");
    case Kind::False: return literal("false");
    case Kind::Null: return literal("null");
  }
  return false;
}

bool JsonReader::describe(std::string& description) {
  Kind kind;
  if (!peek(kind)) return false;
  std::string_view text;
  JsonNumber number;
  switch (kind) {
    case Kind::Object: description = "map"; return skip();
    case Kind::Array: description = "sequence"; return skip();
    case Kind::Null: description = "null"; return skip();
    case Kind::True: description = "boolean `true`"; return skip();
    case Kind::False: description = "boolean `false`"; return skip();
    case Kind::String:
      if (!string(text)) return false;
      description = "string ";
      append_json_string(description, text);
      return true;
    case Kind::Number: break;
  }
  if (!this->number(number)) return false;
  if (number.kind == JsonNumber::Kind::Unsigned) description = fmt::format("integer `{}`", number.natural);
  if (number.kind == JsonNumber::Kind::Negative) description = fmt::format("integer `{}`", number.negative);
  if (number.kind != JsonNumber::Kind::Floating) return true;
  description = "floating point `";
  append_json_number(description, number.value);
  description += '`';
  return true;
}

bool JsonReader::finish() {
  white_space();
  return at_ == end_ || fail_here("trailing characters");
}

}  // namespace headrace::text
