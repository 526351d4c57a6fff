#pragma once

#include <array>
#include <string_view>

#include "base/unicode_tables.h"
#include "text/unicode/utf8.h"

namespace headrace::text {

using unicode::ClassMask;
using unicode::kLetter;
using unicode::kMark;
using unicode::kNumber;
using unicode::kWhiteSpace;

namespace detail {

constexpr ClassMask ascii_class(int c) {
  using unicode::bit;
  using unicode::Category;
  if (c >= 'a' && c <= 'z') return bit(Category::Ll);
  if (c >= 'A' && c <= 'Z') return bit(Category::Lu);
  if (c >= '0' && c <= '9') return bit(Category::Nd);
  if (c == ' ') return bit(Category::Zs) | kWhiteSpace;
  if (c >= 0x09 && c <= 0x0D) return bit(Category::Cc) | kWhiteSpace;
  if (c < 0x20 || c == 0x7F) return bit(Category::Cc);
  switch (c) {
    case '$': return bit(Category::Sc);
    case '+': case '<': case '=': case '>': case '|': case '~': return bit(Category::Sm);
    case '^': case '`': return bit(Category::Sk);
    case '(': case '[': case '{': return bit(Category::Ps);
    case ')': case ']': case '}': return bit(Category::Pe);
    case '-': return bit(Category::Pd);
    case '_': return bit(Category::Pc);
    default: return bit(Category::Po);
  }
}

constexpr std::array<ClassMask, 128> make_ascii_classes() {
  std::array<ClassMask, 128> classes{};
  for (int c = 0; c < 128; ++c) classes[c] = ascii_class(c);
  return classes;
}

inline constexpr std::array<ClassMask, 128> kAsciiClasses = make_ascii_classes();

}  // namespace detail

/// Returns the class of the character at `p` (valid UTF-8) and sets its length in bytes.
inline ClassMask class_at(const char* p, uint32_t& length) {
  const auto lead = static_cast<uint8_t>(*p);
  if (lead < 0x80) {
    length = 1;
    return detail::kAsciiClasses[lead];
  }
  return unicode::class_of(utf8::decode(p, length));
}

/// A position in a text, with the class of the character there. At the end the class
/// is empty, so that no test for a class succeeds.
class Cursor {
 public:
  Cursor(std::string_view text, size_t at) : text_(text), at_(at) { read(); }

  size_t at() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  size_t next() const { return at_ + length_; }
  ClassMask character_class() const { return class_; }
  bool is(ClassMask mask) const { return (class_ & mask) != 0; }
  /// A character of none of these classes (and not the end).
  bool is_none_of(ClassMask mask) const { return !at_end() && (class_ & mask) == 0; }
  bool is_byte(char c) const { return !at_end() && text_[at_] == c; }
  bool is_newline() const { return is_byte('\n') || is_byte('\r'); }

  void advance() {
    at_ += length_;
    read();
  }
  void skip(ClassMask mask) {
    while (is(mask)) advance();
  }
  void skip_none_of(ClassMask mask) {
    while (is_none_of(mask)) advance();
  }

 private:
  void read() {
    length_ = 0;
    class_ = at_ < text_.size() ? class_at(text_.data() + at_, length_) : 0;
  }

  std::string_view text_;
  size_t at_;
  uint32_t length_ = 0;
  ClassMask class_ = 0;
};

}  // namespace headrace::text
