#include "text/components/normalizers/bert_normalizer.h"

#include <vector>

#include "text/strings/reference_unicode.h"

namespace headrace::text {
namespace {

void clean(NormalizedString& text) {
  text.filter([](char32_t c) { return !(reference_unicode::flags(c) & reference_unicode::kOther); });
  text.map([](char32_t c) { return reference_unicode::is_white_space(c) ? U' ' : c; });
}

void set_chinese_apart(NormalizedString& text) {
  std::vector<CharacterChange> characters;
  bool found = false;
  text.for_each([&](char32_t c) {
    if (!is_bert_chinese(c)) {
      characters.push_back({c, 0});
      return;
    }
    // The space before stands for the character, so that offsets cover it from there.
    characters.insert(characters.end(), {{U' ', 0}, {c, 1}, {U' ', 1}});
    found = true;
  });
  if (found) text.transform(characters);
}

void strip_accents(NormalizedString& text) {
  text.nfd();
  text.filter([](char32_t c) { return !(reference_unicode::flags(c) & reference_unicode::kNonspacingMark); });
}

}  // namespace

/// The blocks of CJK ideographs that BERT's own code lists; without later extensions, and
/// 2B820 to 2B91F is not of them.
bool is_bert_chinese(char32_t c) {
  if (c < 0x3400) return false;
  return c <= 0x4DBF || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

void normalize_bert(const BertNormalizer& settings, NormalizedString& text) {
  if (settings.clean_text) clean(text);
  if (settings.handle_chinese_chars) set_chinese_apart(text);
  if (settings.strip_accents.value_or(settings.lowercase)) strip_accents(text);
  if (settings.lowercase) text.lowercase();
}

}  // namespace headrace::text
