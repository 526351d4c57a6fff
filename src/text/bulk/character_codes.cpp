#include "text/bulk/character_codes.h"

#include <map>

#include "text/pretokenize/character_class.h"

namespace headrace::text {
namespace {

uint8_t common(char32_t c, ClassMask classes, ClassMask word) {
  uint8_t bits = 0;
  if (classes & word) bits |= code::kLetter;
  if (classes & kNumber) bits |= code::kNumber;
  if (classes & kWhiteSpace) bits |= code::kWhiteSpace;
  if (c == '\n' || c == '\r') bits |= code::kNewline;
  if (c == ' ') bits |= code::kSpace;
  return bits;
}

uint8_t words_of_letters(char32_t c) {
  return common(c, unicode::class_of(c), kLetter) | (c == '\'' ? code::kApostrophe : 0);
}

uint8_t words_with_marks(char32_t c) {
  return common(c, unicode::class_of(c), kLetter | kMark) | (c == '\'' ? code::kApostrophe : 0);
}

uint8_t o200k(char32_t c) {
  const ClassMask classes = unicode::class_of(c);
  uint8_t bits = common(c, classes, kLetter | kMark);
  if (c == '\'') bits |= code::kApostrophe;
  if (c == '/') bits |= code::kSlash;
  if (classes & (unicode::kUpper | unicode::kTitle)) bits |= code::kUpper;
  if (classes & unicode::kLower) bits |= code::kLower;
  if (classes & kMark) bits |= code::kMark;
  return bits;
}

uint8_t deepseek(char32_t c) {
  const ClassMask classes = unicode::class_of(c);
  if ((c >= 0x4E00 && c <= 0x9FA5) || (c >= 0x3040 && c <= 0x30FF)) {
    return code::kHan | (classes & (kLetter | kMark) ? 0 : code::kSymbol);
  }
  return common(c, classes, kLetter | kMark) |
         (classes & (unicode::kPunctuation | unicode::kSymbol) ? code::kSymbol : 0);
}

}  // namespace

CharacterCodes::CharacterCodes(CodeOf code_of) : code_of_(code_of) {
  for (char32_t c = 0; c < 128; ++c) ascii_[c] = code_of(c);
  for (char32_t c = 128; c < 2048; ++c) two_[c] = code_of(c);
  std::map<std::array<uint8_t, 64>, uint16_t> known;
  for (uint32_t block = 0; block < 1024; ++block) {
    std::array<uint8_t, 64> codes;
    for (uint32_t i = 0; i < 64; ++i) codes[i] = code_of(block << 6 | i);
    const auto [found, is_new] = known.try_emplace(codes, static_cast<uint16_t>(known.size()));
    if (is_new) blocks_.insert(blocks_.end(), codes.begin(), codes.end());
    block_of_[block] = found->second;
  }
}

uint8_t CharacterCodes::of_four(char32_t c) const { return code_of_(c); }

const CharacterCodes& CharacterCodes::of(const SplitRules& rules) {
  if (std::holds_alternative<Gpt2Rules>(rules)) {
    static const CharacterCodes codes(words_of_letters);
    return codes;
  }
  if (const auto* cl100k = std::get_if<Cl100kRules>(&rules)) {
    if (!cl100k->marks_in_words) return of(Gpt2Rules{});
    static const CharacterCodes with_marks(words_with_marks);
    return with_marks;
  }
  if (std::holds_alternative<O200kRules>(rules)) {
    static const CharacterCodes codes(o200k);
    return codes;
  }
  static const CharacterCodes codes(deepseek);
  return codes;
}

}  // namespace headrace::text
