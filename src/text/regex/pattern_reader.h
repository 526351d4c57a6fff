#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/unicode/utf8.h"

namespace headrace::text::regex {

/// A place in a pattern, character by character.
class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : pattern_(pattern) {}

  bool done() const { return at_ >= pattern_.size(); }
  size_t position() const { return at_; }
  void go_to(size_t position) { at_ = position; }
  std::string_view rest() const { return pattern_.substr(at_); }

  /// The character here; 0 at the end.
  char32_t peek() const {
    if (done()) return 0;
    uint32_t length;
    return utf8::decode(pattern_.data() + at_, length);
  }
  char32_t next() {
    uint32_t length;
    const char32_t c = utf8::decode(pattern_.data() + at_, length);
    at_ += length;
    return c;
  }
  bool at(std::string_view text) const { return rest().starts_with(text); }
  bool take(std::string_view text) {
    if (!at(text)) return false;
    at_ += text.size();
    return true;
  }
  /// What comes before `end`, which is passed as well; none if there is no `end`.
  std::optional<std::string_view> take_until(char end) {
    const size_t length = rest().find(end);
    if (length == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest().substr(0, length);
    at_ += length + 1;
    return text;
  }
  /// Up to `most` digits of a base up to 16; none if there is not one. Stops growing at 2³²−1.
  std::optional<uint32_t> take_number(uint32_t base, size_t most) {
    uint64_t value = 0;
    size_t count = 0;
    for (; count < most && !done(); ++count, ++at_) {
      const int digit = digit_of(pattern_[at_]);
      if (digit < 0 || static_cast<uint32_t>(digit) >= base) break;
      value = std::min<uint64_t>(value * base + static_cast<uint32_t>(digit), UINT32_MAX);
    }
    if (count == 0) return std::nullopt;
    return static_cast<uint32_t>(value);
  }

  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorKind::InvalidArgument, fmt::format("The pattern is not valid at byte {}: {}.", at_, what), std::string(pattern_));
  }
  std::unexpected<Error> unsupported(std::string_view what) const {
    return fail(ErrorKind::Unsupported, fmt::format("The pattern has {} at byte {}, which cannot be matched here.", what, at_),
                std::string(pattern_));
  }

 private:
  static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }

  std::string_view pattern_;
  size_t at_ = 0;
};

}  // namespace headrace::text::regex
