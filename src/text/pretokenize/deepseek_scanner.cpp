#include "text/pretokenize/deepseek_scanner.h"

#include "text/pretokenize/character_class.h"

namespace headrace::text {
namespace {

constexpr ClassMask kWord = kLetter | kMark;
constexpr ClassMask kSymbols = unicode::kPunctuation | unicode::kSymbol;

bool is_han_or_kana(char32_t c) { return (c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF); }

/// A cursor over what the first two patterns leave in one piece: Han and kana, or other characters.
/// Where they cut it has no class, as at the end.
class GapCursor {
 public:
  GapCursor(std::string_view text, size_t at) : text_(text), cursor_(text, at), han_(at_han_or_kana()) { look(); }

  size_t at() const { return cursor_.at(); }
  bool at_end() const { return end_; }
  bool is(ClassMask mask) const { return !end_ && cursor_.is(mask); }
  bool is_byte(char c) const { return !end_ && cursor_.is_byte(c); }
  bool is_newline() const { return !end_ && cursor_.is_newline(); }
  bool is_ascii_letter() const { return !end_ && cursor_.is(kLetter) && cursor_.next() == cursor_.at() + 1; }
  bool is_ascii_symbol() const { return !end_ && cursor_.is(kSymbols) && cursor_.next() == cursor_.at() + 1; }
  void advance() {
    cursor_.advance();
    look();
  }
  void skip(ClassMask mask) {
    while (is(mask)) advance();
  }

 private:
  bool at_han_or_kana() const {
    if (cursor_.at_end()) return false;
    uint32_t length;
    return is_han_or_kana(utf8::decode(text_.data() + cursor_.at(), length));
  }
  void look() { end_ = cursor_.at_end() || cursor_.is(kNumber) || at_han_or_kana() != han_; }

  std::string_view text_;
  Cursor cursor_;
  bool han_;
  bool end_ = false;
};

/// The end of what the last pattern matches at the cursor, or its own position.
size_t match_end(GapCursor cursor) {
  const size_t begin = cursor.at();
  GapCursor after = cursor;
  after.advance();
  if (cursor.is_ascii_symbol() && after.is_ascii_letter()) {
    while (after.is_ascii_letter()) after.advance();
    return after.at();
  }
  const bool prefix = !cursor.is(kWord | kSymbols) && !cursor.is_newline();
  if (cursor.is(kWord) || (prefix && after.is(kWord))) {
    if (prefix) cursor = after;
    cursor.skip(kWord);
    return cursor.at();
  }
  if (cursor.is(kSymbols) || (cursor.is_byte(' ') && after.is(kSymbols))) {
    if (!cursor.is(kSymbols)) cursor = after;
    cursor.skip(kSymbols);
    while (cursor.is_newline()) cursor.advance();
    return cursor.at();
  }
  size_t last = begin, after_newline = 0;
  const size_t first_end = after.at();
  if (!cursor.is(kWhiteSpace)) return begin;
  while (cursor.is(kWhiteSpace)) {
    last = cursor.at();
    const bool newline = cursor.is_newline();
    cursor.advance();
    if (newline) after_newline = cursor.at();
  }
  if (after_newline > 0) return after_newline;
  if (cursor.at_end()) return cursor.at();
  return last < first_end ? first_end : last;
}

class DeepSeekScanner final : public PieceScanner {
 public:
  size_t piece_end(std::string_view text, size_t begin) const override {
    Cursor number(text, begin);
    if (number.is(kNumber)) {
      for (int count = 0; count < 3 && number.is(kNumber); ++count) number.advance();
      return number.at();
    }
    GapCursor cursor(text, begin);
    if (const size_t end = match_end(cursor); end > begin) return end;
    do cursor.advance();
    while (!cursor.at_end() && match_end(cursor) == cursor.at());
    return cursor.at();
  }
};

}  // namespace

std::unique_ptr<const PieceScanner> make_deepseek_scanner() { return std::make_unique<DeepSeekScanner>(); }

}  // namespace headrace::text
