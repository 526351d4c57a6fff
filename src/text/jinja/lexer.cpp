#include "text/jinja/lexer.h"

#include <algorithm>
#include <charconv>

#include "text/jinja/failure.h"
#include "text/jinja/number_text.h"
#include "text/jinja/unicode.h"

namespace headrace::text::jinja {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

// Newlines become \n, and one at the very end goes.
std::string normalized(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      text += source[i];
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool is_sign(char c) { return c == '-' || c == '+'; }
bool is_digit_char(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<uint8_t>(c) >= 0x80;
}
bool continues_name(char c) { return starts_name(c) || is_digit_char(c); }

int digit_value(char c) {
  if (is_digit_char(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// The end of digits of `base` from `position`, single underscores between them.
size_t end_of_digits(std::string_view text, size_t position, int base, bool leading_underscore = false) {
  size_t end = position;
  while (end < text.size()) {
    const bool underscore = text[end] == '_' && (end > position || leading_underscore);
    const size_t digit = end + (underscore ? 1 : 0);
    if (digit >= text.size() || digit_value(text[digit]) >= base) break;
    end = digit + 1;
  }
  return end;
}

}  // namespace

Lexer::Lexer(std::string_view source) : source_(normalized(source)) {}

std::vector<Token> Lexer::run() {
  while (position_ < source_.size()) read_data();
  add(TokenKind::End);
  return std::move(tokens_);
}

void Lexer::fail_here(std::string message) const {
  throw Failure{ErrorKind::InvalidData, std::move(message), line_};
}

Token& Lexer::add(TokenKind kind, std::string_view text) {
  tokens_.push_back({kind, line_, std::string(text), 0, 0});
  return tokens_.back();
}

void Lexer::move_to(size_t position) {
  line_ += static_cast<int>(std::count(source_.begin() + static_cast<ptrdiff_t>(position_),
                                       source_.begin() + static_cast<ptrdiff_t>(position), '\n'));
  if (position > position_) line_starting_ = source_[position - 1] == '\n';
  position_ = position;
}

size_t Lexer::after_space(size_t position) const {
  while (position < source_.size()) {
    const CodePoint point = decode_at(source_, position);
    if (!is_space(point.value)) break;
    position += point.size;
  }
  return position;
}

void Lexer::skip_space() { move_to(after_space(position_)); }

void Lexer::add_data(std::string_view text, char sign, bool may_strip) {
  if (sign == '-') {
    text = strip(text, false, true);
  } else if (sign != '+' && may_strip) {
    const size_t newline = text.rfind('\n');
    const size_t last_line = newline == kNowhere ? 0 : newline + 1;
    if ((last_line > 0 || line_starting_) && strip(text.substr(last_line)).empty()) text = text.substr(0, last_line);
  }
  if (!text.empty()) add(TokenKind::Data, text);
}

// Text up to the next tag, and that tag.
void Lexer::read_data() {
  size_t open = source_.find('{', position_);
  while (open != kNowhere && !at(open, "{%") && !at(open, "{{") && !at(open, "{#")) open = source_.find('{', open + 1);
  if (open == kNowhere) {
    add_data(std::string_view(source_).substr(position_), '+', false);
    return move_to(source_.size());
  }
  const char sign = open + 2 < source_.size() && is_sign(source_[open + 2]) ? source_[open + 2] : ' ';
  const char mark = source_[open + 1];
  add_data(std::string_view(source_).substr(position_, open - position_), sign, mark != '{');
  move_to(open);
  const size_t inside = open + 2 + (sign == ' ' ? 0 : 1);
  if (mark == '#') {
    move_to(inside);
    return read_comment();
  }
  if (mark == '%')
    if (const size_t raw = raw_begin_end(); raw != kNowhere) return read_raw(raw);
  add(mark == '%' ? TokenKind::BlockBegin : TokenKind::VariableBegin);
  move_to(inside);
  read_inside(mark == '%' ? TokenKind::BlockEnd : TokenKind::VariableEnd);
}

void Lexer::read_comment() {
  const size_t close = source_.find("#}", position_);
  if (close == kNowhere) fail_here("a comment is not closed with '#}'");
  const char sign = close > position_ ? source_[close - 1] : ' ';
  move_to(close + 2);
  if (sign == '-') {
    skip_space();
  } else if (sign != '+' && at(position_, "\n")) {
    move_to(position_ + 1);
  }
}

// Where the body of a raw block starts if one is opened here.
size_t Lexer::raw_begin_end() const {
  size_t i = position_ + 2;
  if (i < source_.size() && is_sign(source_[i])) ++i;
  i = after_space(i);
  if (!at(i, "raw")) return kNowhere;
  i = after_space(i + 3);
  if (at(i, "-%}")) return after_space(i + 3);
  return at(i, "%}") ? i + 2 : kNowhere;
}

bool Lexer::matches_raw_end(size_t position, size_t& end) const {
  size_t i = position + 2;
  if (i < source_.size() && is_sign(source_[i])) ++i;
  i = after_space(i);
  if (!at(i, "endraw")) return false;
  i = after_space(i + 6);
  if (at(i, "+%}")) {
    end = i + 3;
  } else if (at(i, "-%}")) {
    end = after_space(i + 3);
  } else if (at(i, "%}")) {
    end = i + 2 + (at(i + 2, "\n") ? 1 : 0);
  } else {
    return false;
  }
  return true;
}

void Lexer::read_raw(size_t body) {
  move_to(body);
  size_t end = 0;
  size_t close = source_.find("{%", position_);
  while (close != kNowhere && !matches_raw_end(close, end)) close = source_.find("{%", close + 1);
  if (close == kNowhere) fail_here("a raw block is not closed with '{% endraw %}'");
  add_data(std::string_view(source_).substr(body, close - body), source_[close + 2], true);
  move_to(end);
}

// The tokens between a tag's delimiters; the end of the template is left to the parser.
void Lexer::read_inside(TokenKind end) {
  open_brackets_.clear();
  for (;;) {
    if (open_brackets_.empty() && read_end(end)) return;
    if (position_ >= source_.size()) return;
    const size_t next = after_space(position_);
    if (next != position_) {
      move_to(next);
    } else {
      read_token();
    }
  }
}

bool Lexer::read_end(TokenKind end) {
  const std::string_view close = end == TokenKind::BlockEnd ? "%}" : "}}";
  const bool block = end == TokenKind::BlockEnd;
  const bool minus = at(position_, "-") && at(position_ + 1, close);
  const bool plus = block && at(position_, "+") && at(position_ + 1, close);
  if (!minus && !plus && !at(position_, close)) return false;
  add(end);
  move_to(position_ + (minus || plus ? 3 : 2));
  if (minus) {
    skip_space();
  } else if (block && !plus && at(position_, "\n")) {
    move_to(position_ + 1);
  }
  return true;
}

void Lexer::read_token() {
  const char c = source_[position_];
  if (is_digit_char(c)) return read_number();
  if (c == '\'' || c == '"') return read_string();
  if (!starts_name(c)) return read_symbol();
  size_t end = position_ + 1;
  while (end < source_.size() && continues_name(source_[end]) && !is_space(decode_at(source_, end).value)) ++end;
  add(TokenKind::Name, std::string_view(source_).substr(position_, end - position_));
  move_to(end);
}

void Lexer::read_number() {
  const std::string_view source = source_;
  const char second = position_ + 1 < source.size() ? source[position_ + 1] : ' ';
  const char mark = source[position_] == '0' ? static_cast<char>(second | 0x20) : ' ';
  const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
  size_t end = 0;
  bool is_float = false;
  if (base != 10) {
    end = end_of_digits(source, position_ + 2, base, true);
    if (end == position_ + 2) fail_here("a number has no digits after its prefix");
  } else {
    end = end_of_digits(source, position_, 10);
    const bool after_dot = position_ > 0 && source[position_ - 1] == '.';
    const size_t fraction = !after_dot && at(end, ".") ? end_of_digits(source, end + 1, 10) : end;
    if (fraction > end + 1) {
      end = fraction;
      is_float = true;
    }
    if (!after_dot && end < source.size() && (source[end] | 0x20) == 'e') {
      const size_t digits = end + 1 + (end + 1 < source.size() && is_sign(source[end + 1]) ? 1 : 0);
      const size_t exponent = end_of_digits(source, digits, 10);
      if (exponent > digits) {
        end = exponent;
        is_float = true;
      }
    }
    if (!is_float && source[position_] == '0') end = std::min(end, end_of_digits(source, position_, 1));
  }
  std::string digits(source.substr(position_ + (base == 10 ? 0 : 2), end - position_ - (base == 10 ? 0 : 2)));
  std::erase(digits, '_');
  Token& token = add(is_float ? TokenKind::Float : TokenKind::Integer, digits);
  if (is_float) {
    token.number = parse_float(digits).value_or(0);
  } else if (std::from_chars(digits.data(), digits.data() + digits.size(), token.integer, base).ec != std::errc()) {
    fail_here("the integer " + digits + " does not fit 64 bits");
  }
  move_to(end);
}

void Lexer::read_string() {
  const char quote = source_[position_];
  size_t end = position_ + 1;
  while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
  if (end >= source_.size()) fail_here("a string is not closed");
  const int line = line_;
  std::string text;
  move_to(position_ + 1);
  while (position_ < end) {
    if (source_[position_] == '\\') {
      read_escape(text, end);
    } else {
      text += source_[position_];
      move_to(position_ + 1);
    }
  }
  move_to(end + 1);
  add(TokenKind::String, text).line = line;
}

// Python's escapes; an unknown one keeps its backslash.
void Lexer::read_escape(std::string& text, size_t end) {
  const char c = source_[position_ + 1];
  constexpr std::string_view kFrom = "\\'\"abfnrtv";
  constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
  size_t digits = 0;
  if (const size_t known = kFrom.find(c); known != kNowhere) {
    text += kTo[known];
  } else if (c == '\n') {
  } else if (c >= '0' && c <= '7') {
    uint32_t value = 0;
    size_t i = position_ + 1;
    for (; i < end && i < position_ + 4 && source_[i] >= '0' && source_[i] <= '7'; ++i)
      value = value * 8 + static_cast<uint32_t>(source_[i] - '0');
    append_code_point(text, value);
    return move_to(i);
  } else if (c == 'x' || c == 'u' || c == 'U') {
    digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
    uint32_t value = 0;
    const char* first = source_.data() + position_ + 2;
    const bool enough = position_ + 2 + digits <= end;
    if (!enough || std::from_chars(first, first + digits, value, 16).ptr != first + digits || value >= 0x110000 ||
        (value >= 0xd800 && value < 0xe000))
      fail_here(fmt::format("a string has an escape '\\{}' that is no character", c));
    append_code_point(text, value);
  } else if (c == 'N') {
    fail_here("characters by name ('\\N') are not supported; write '\\u' and the number");
  } else {
    text += '\\';
    return move_to(position_ + 1);
  }
  move_to(position_ + 2 + digits);
}

void Lexer::read_symbol() {
  constexpr std::string_view kSymbols[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                           "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
  for (const std::string_view symbol : kSymbols) {
    if (!at(position_, symbol)) continue;
    const char c = symbol[0];
    if (c == '(' || c == '[' || c == '{') {
      open_brackets_ += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (open_brackets_.empty()) fail_here(fmt::format("unexpected '{}'", c));
      if (open_brackets_.back() != c) fail_here(fmt::format("unexpected '{}', expected '{}'", c, open_brackets_.back()));
      open_brackets_.pop_back();
    }
    add(TokenKind::Symbol, symbol);
    return move_to(position_ + symbol.size());
  }
  fail_here(fmt::format("unexpected character '{}'", source_.substr(position_, decode_at(source_, position_).size)));
}

}  // namespace headrace::text::jinja
