#include "text/pretokenize/o200k_scanner.h"

#include "text/pretokenize/character_class.h"
#include "text/pretokenize/contraction.h"
#include "text/pretokenize/white_space.h"

namespace headrace::text {
namespace {

constexpr ClassMask kEitherCase = unicode::kModifierLetter | unicode::kOtherLetter | kMark;
constexpr ClassMask kUpperLike = unicode::kUpper | unicode::kTitle | kEitherCase;
constexpr ClassMask kLowerLike = unicode::kLower | kEitherCase;
constexpr ClassMask kNotSymbol = kLetter | kNumber | kWhiteSpace;

/// U*L+ : the end of the match, or the start if there is none. Where no lower case
/// letter follows the upper-like run, its last character of either case is the last
/// that L+ can take.
size_t upper_then_lower_end(Cursor cursor) {
  const size_t begin = cursor.at();
  size_t after_either = begin;
  for (; cursor.is(kUpperLike); cursor.advance()) {
    if (cursor.is(kEitherCase)) after_either = cursor.next();
  }
  if (!cursor.is(unicode::kLower)) return after_either;
  cursor.skip(kLowerLike);
  return cursor.at();
}

/// U+L* : the same.
size_t upper_end(Cursor cursor) {
  const size_t begin = cursor.at();
  cursor.skip(kUpperLike);
  if (cursor.at() == begin) return begin;
  cursor.skip(kLowerLike);
  return cursor.at();
}

class O200kScanner final : public PieceScanner {
 public:
  explicit O200kScanner(const O200kRules& rules) : rules_(rules) {}

  size_t piece_end(std::string_view text, size_t begin) const override {
    Cursor cursor(text, begin);
    if (const size_t end = word_end(cursor)) return contracted_end(text, end);
    if (cursor.is(kNumber)) {
      for (uint32_t count = 0; cursor.is(kNumber) && count < rules_.most_digits; ++count) cursor.advance();
      return cursor.at();
    }
    Cursor after = cursor;
    after.advance();
    if (cursor.is_byte(' ') && after.is_none_of(kNotSymbol)) cursor = after;
    if (!cursor.is_none_of(kNotSymbol)) return white_space_piece_end(cursor);
    cursor.skip_none_of(kNotSymbol);
    while (cursor.is_newline() || cursor.is_byte('/')) cursor.advance();
    return cursor.at();
  }

 private:
  /// The end of a word with or without one other character before it, or 0.
  static size_t word_end(const Cursor& cursor) {
    const bool prefix = cursor.is_none_of(kLetter | kNumber) && !cursor.is_newline();
    Cursor after = cursor;
    if (prefix) after.advance();
    for (const auto end_of : {upper_then_lower_end, upper_end}) {
      if (prefix) {
        if (const size_t end = end_of(after); end != after.at()) return end;
      }
      if (const size_t end = end_of(cursor); end != cursor.at()) return end;
    }
    return 0;
  }

  size_t contracted_end(std::string_view text, size_t end) const {
    if (!rules_.contractions || end == text.size()) return end;
    return end + contraction_length(text, end, LetterCase::Any);
  }

  O200kRules rules_;
};

}  // namespace

std::unique_ptr<const PieceScanner> make_o200k_scanner(const O200kRules& rules) {
  return std::make_unique<O200kScanner>(rules);
}

}  // namespace headrace::text
