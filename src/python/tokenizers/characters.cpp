#include "python/tokenizers/characters.h"

#include <algorithm>

#include "python/errors.h"
#include "python/tokenizers/texts.h"
#include "text/utf8.h"

namespace headrace::python {

CharacterMap::CharacterMap(std::string_view text) : size_in_bytes_(static_cast<uint32_t>(text.size())) {
  for (uint32_t i = 0; i < text.size(); ++i) {
    if (!text::utf8::is_continuation(text[i])) begins_.push_back(i);
  }
  begins_.push_back(size_in_bytes_);
}

text::Offset CharacterMap::characters_of(text::Offset bytes) const {
  const auto at_or_before = std::ranges::upper_bound(begins_, bytes.begin) - begins_.begin() - 1;
  const auto end = std::ranges::lower_bound(begins_, bytes.end) - begins_.begin();
  return {static_cast<uint32_t>(std::max<ptrdiff_t>(at_or_before, 0)), static_cast<uint32_t>(end)};
}

char32_t character_of(std::string_view text, const char* message) {
  if (text.empty() || text.size() != text::utf8::length_by_lead(text[0])) throw nanobind::value_error(message);
  uint32_t length;
  return text::utf8::decode(text.data(), length);
}

std::string text_of(char32_t c) { return text::utf8::encode(c); }

}  // namespace headrace::python
