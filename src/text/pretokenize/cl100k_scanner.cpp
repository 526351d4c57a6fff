#include "text/pretokenize/cl100k_scanner.h"

#include "text/pretokenize/character_class.h"
#include "text/pretokenize/contraction.h"
#include "text/pretokenize/white_space.h"

namespace headrace::text {
namespace {

class Cl100kScanner final : public PieceScanner {
 public:
  explicit Cl100kScanner(const Cl100kRules& rules)
      : rules_(rules),
        word_(rules.marks_in_words ? kLetter | kMark : kLetter),
        not_symbol_(word_ | kNumber | kWhiteSpace) {}

  size_t piece_end(std::string_view text, size_t begin) const override {
    if (rules_.contractions) {
      if (const size_t length = contraction_length(text, begin, LetterCase::Any)) return begin + length;
    }
    Cursor cursor(text, begin);
    if (cursor.is(word_)) {
      cursor.skip(word_);
      return cursor.at();
    }
    if (cursor.is(kNumber)) return number_end(cursor);
    Cursor after = cursor;
    after.advance();
    if (!cursor.is_newline() && after.is(word_)) {  // one character of any other kind before a word
      after.skip(word_);
      return after.at();
    }
    if (cursor.is_byte(' ') && after.is_none_of(not_symbol_)) cursor = after;
    if (cursor.is_none_of(not_symbol_)) return symbols_end(cursor);
    return white_space_piece_end(cursor);
  }

 private:
  size_t number_end(Cursor cursor) const {
    for (uint32_t count = 0; cursor.is(kNumber); cursor.advance(), ++count) {
      if (rules_.most_digits > 0 && count == rules_.most_digits) break;
    }
    return cursor.at();
  }

  size_t symbols_end(Cursor cursor) const {
    cursor.skip_none_of(not_symbol_);
    while (rules_.newlines_after_symbols && cursor.is_newline()) cursor.advance();
    return cursor.at();
  }

  Cl100kRules rules_;
  ClassMask word_;
  ClassMask not_symbol_;
};

}  // namespace

std::unique_ptr<const PieceScanner> make_cl100k_scanner(const Cl100kRules& rules) {
  return std::make_unique<Cl100kScanner>(rules);
}

}  // namespace headrace::text
