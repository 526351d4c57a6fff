#include "text/bulk/character_forms.h"

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

/// Stands between the characters, so that they do not meet.
constexpr char kBetween = 'x';

bool is_surrogate(char32_t c) { return c >= 0xD800 && c < 0xE000; }

}  // namespace

std::optional<CharacterForms> CharacterForms::of(const NormalizerStage* normalizer) {
  constexpr char32_t kAtOnce = 4096;
  CharacterForms forms;
  for (char32_t c = 0; normalizer && c < kCount; c += kAtOnce) {
    if (!forms.learn(*normalizer, c, c + kAtOnce)) return std::nullopt;
  }
  return forms;
}

std::string CharacterForms::form(char32_t c) const { return is_changed(c) ? std::string(changed(c)) : utf8::encode(c); }

void CharacterForms::set(char32_t c, std::string_view form) {
  // A form that is not kept counts as one that depends on something.
  if (form.size() > 0xFF || text_.size() >= (uint32_t{1} << 24) - 0x200) form = {};
  place_of_[c] = static_cast<uint32_t>(text_.size()) << 8 | static_cast<uint32_t>(form.size());
  text_ += form;
}

/// Normalises all the characters as one text, and sees by the alignments what has become of each.
bool CharacterForms::learn(const NormalizerStage& normalizer, char32_t first, char32_t last) {
  std::string text;
  std::vector<char32_t> at;  // by byte of the text: the character, or kCount for what is between
  for (char32_t c = first; c < last; ++c) {
    if (is_surrogate(c)) continue;
    text += kBetween;
    utf8::append(text, c);
    at.push_back(kCount);
    at.resize(text.size(), c);
  }
  if (text.empty()) return true;
  text += kBetween;
  at.push_back(kCount);
  NormalizedString normalized{text};
  if (!normalizer.normalize(normalized)) return false;
  const std::string_view made = normalized.normalized();
  std::vector<std::string> forms(last - first);
  std::vector<bool> between_is_whole(text.size());
  for (size_t i = 0; i < made.size(); ++i) {
    const Offset from = normalized.alignments()[i];
    if (from.begin >= from.end || from.end > text.size()) return false;
    const char32_t c = at[from.begin];
    if (c != kCount) {
      forms[c - first] += made[i];
    } else {
      between_is_whole[from.begin] = made[i] == kBetween && from.end == from.begin + 1 && !between_is_whole[from.begin];
    }
  }
  for (size_t i = 1; i < text.size(); i += utf8::length_by_lead(text[i]) + 1) {
    const char32_t c = at[i];
    const uint32_t length = utf8::length_by_lead(text[i]);
    std::string& form = forms[c - first];
    // What has changed its neighbour, or has become a part of it, depends on it.
    if (!between_is_whole[i - 1] || !between_is_whole[i + length] || utf8::valid_prefix(form) != form.size()) form.clear();
    if (form != std::string_view(text).substr(i, length)) set(c, form);
  }
  return true;
}

}  // namespace headrace::text
