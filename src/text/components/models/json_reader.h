#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/components/models/json_scan.h"

namespace headrace::text {

/// A number as JSON spells it. Fractions round as in the reference (whose parser scales a
/// 64-bit significand by a power of ten): published Unigram scores depend on it.
struct JsonNumber {
  enum class Kind : uint8_t { Unsigned, Negative, Floating };
  Kind kind = Kind::Unsigned;
  uint64_t natural = 0;   // Unsigned
  int64_t negative = 0;   // Negative
  double value = 0;       // always
};

/// Walks through a JSON text without building a tree. Functions that read return false
/// when the text is not JSON (or not of the kind asked for); `error` then says what is
/// wrong and where. The text must be valid UTF-8 and outlive the reader.
class JsonReader {
 public:
  enum class Kind : uint8_t { Object, Array, String, Number, True, False, Null };

  /// Begins at byte `position`; `depth`: how many objects and lists lie around it.
  explicit JsonReader(std::string_view text, size_t position = 0, int depth = 0)
      : begin_(text.data()), at_(text.data() + position), end_(text.data() + text.size()), depth_(depth) {}

  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  size_t bytes_left() const { return static_cast<size_t>(end_ - at_); }
  /// Goes on behind a value that something else has read.
  void go_to(size_t position) { at_ = begin_ + position; }
  /// What the next value is; skips white space before it.
  bool peek(Kind& kind) {
    white_space();
    if (at_ < end_ && *at_ == '"') return kind = Kind::String, true;
    if (at_ < end_ && *at_ == '[') return kind = Kind::Array, true;
    return peek_other(kind);
  }
  /// The text of a string: a part of the JSON text, or of the reader's own memory if it
  /// has escapes. Lives as long as the reader.
  bool string(std::string_view& value) {
    white_space();
    if (at_ < end_ && *at_ == '"') {
      const char* close = json_scan::string_stop(at_ + 1, end_);
      if (close < end_ && *close == '"') {
        value = {at_ + 1, static_cast<size_t>(close - at_ - 1)};
        at_ = close + 1;
        return true;
      }
    }
    return uncommon_string(value);
  }
  bool number(JsonNumber& value);
  /// Reads a number of at most nine digits and nothing else; false, and nothing read, where the next value is
  /// another: `number` will do.
  bool short_natural(uint32_t& value) {
    white_space();
    const char* p = at_;
    uint32_t read = 0;
    while (p < end_ && p - at_ < 9 && *p >= '0' && *p <= '9') read = read * 10 + static_cast<uint32_t>(*p++ - '0');
    if (p == at_ || p == end_ || !json_scan::ends_natural(*p) || (*at_ == '0' && p - at_ > 1)) return false;
    value = read;
    at_ = p;
    return true;
  }
  bool boolean(bool& value);
  bool null();
  bool skip();
  /// Skips the next value and describes it as the reference does: `integer \`1\``.
  bool describe(std::string& description);

  /// Calls `member(key)` for each member; it reads the value and returns false to stop.
  template <class Member>
  bool members(const Member& member) {
    if (!enter('{')) return false;
    if (leave_empty('}')) return true;
    for (;;) {
      std::string_view key;
      if (!this->key(key) || !member(key)) return false;
      bool more = false;
      if (!separator('}', more)) return false;
      if (!more) return true;
    }
  }

  /// Calls `element()` for each element of a list.
  template <class Element>
  bool elements(const Element& element) {
    if (!enter('[')) return false;
    if (leave_empty(']')) return true;
    for (;;) {
      if (!element()) return false;
      bool more = false;
      if (!separator(']', more)) return false;
      if (!more) return true;
    }
  }

  /// Nothing but white space follows.
  bool finish();
  /// Why a function returned false: InvalidData, in the reference's words with its
  /// "at line … column …".
  Error error() const;

 private:
  static constexpr int kDeepest = 127;

  bool fail_here(const char* message);
  void white_space() {
    if (at_ < end_ && static_cast<uint8_t>(*at_) <= ' ') at_ = json_scan::white_space_end(at_, end_);
  }
  bool enter(char open);
  bool leave_empty(char close) {
    if (*at_ != close) return false;
    ++at_;
    --depth_;
    return true;
  }
  bool key(std::string_view& key) {
    white_space();
    if (at_ == end_ || *at_ != '"' || !string(key)) return no_key();
    white_space();
    if (at_ == end_ || *at_ != ':') return no_colon();
    ++at_;
    return true;
  }
  bool separator(char close, bool& more) {
    white_space();
    if (at_ < end_ && *at_ == ',') {
      ++at_;
      white_space();
      return at_ < end_ && *at_ == close ? trailing_comma() : (more = true);
    }
    return uncommon_separator(close, more);
  }
  bool peek_other(Kind& kind);
  bool no_key();
  bool no_colon();
  bool trailing_comma();
  bool uncommon_separator(char close, bool& more);
  bool uncommon_string(std::string_view& value);
  bool literal(std::string_view word);
  bool escaped_string(const char* begin, std::string_view& value);
  bool escape(char*& out);
  bool hex(uint32_t& unit);
  bool fraction(bool minus, uint64_t significand, int32_t exponent, JsonNumber& value);
  bool exponent(bool minus, uint64_t significand, int32_t exponent, JsonNumber& value);
  bool scaled(bool minus, uint64_t significand, int32_t exponent, JsonNumber& value);
  char* memory(size_t size);

  const char* begin_;
  const char* at_;
  const char* end_;
  int depth_;
  const char* message_ = nullptr;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* block_at_ = nullptr;
  size_t block_left_ = 0;
};

}  // namespace headrace::text
