#include "text/pretokenize/gpt2_scanner.h"

#include "text/pretokenize/character_class.h"
#include "text/pretokenize/contraction.h"

namespace headrace::text {
namespace {

constexpr ClassMask kNotOther = kLetter | kNumber | kWhiteSpace;

/// The end of the white space that is one piece: the whole run before the end of
/// `text` or a cut, else all but its last character, or that one where it is alone.
template <bool kCutNumbers>
size_t white_space_end(Cursor cursor) {
  const size_t first_end = cursor.next();
  size_t last = cursor.at();
  for (; cursor.is(kWhiteSpace); cursor.advance()) last = cursor.at();
  if (cursor.at_end() || (kCutNumbers && cursor.is(kNumber))) return cursor.at();
  return last < first_end ? first_end : last;
}

template <bool kCutNumbers>
size_t gpt2_piece_end(std::string_view text, size_t begin) {
  if (const size_t length = contraction_length(text, begin, LetterCase::Exact)) return begin + length;
  Cursor cursor(text, begin);
  if (kCutNumbers && cursor.is(kNumber)) return cursor.next();
  if (cursor.is_byte(' ')) {
    Cursor after = cursor;
    after.advance();
    const bool joins = !after.at_end() && !after.is(kWhiteSpace) && !(kCutNumbers && after.is(kNumber));
    if (joins) cursor = after;
  }
  if (cursor.is(kLetter)) {
    cursor.skip(kLetter);
  } else if (cursor.is(kNumber)) {
    cursor.skip(kNumber);
  } else if (cursor.is(kWhiteSpace)) {
    return white_space_end<kCutNumbers>(cursor);
  } else {
    cursor.skip_none_of(kNotOther);
  }
  return cursor.at();
}

template <bool kCutNumbers>
class Gpt2Scanner final : public PieceScanner {
 public:
  size_t piece_end(std::string_view text, size_t begin) const override { return gpt2_piece_end<kCutNumbers>(text, begin); }
};

}  // namespace

std::unique_ptr<const PieceScanner> make_gpt2_scanner(NumberCut numbers) {
  if (numbers == NumberCut::OneByOne) return std::make_unique<Gpt2Scanner<true>>();
  return std::make_unique<Gpt2Scanner<false>>();
}

}  // namespace headrace::text
