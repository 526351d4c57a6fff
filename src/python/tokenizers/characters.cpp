#include "python/tokenizers/characters.h"

#include <algorithm>

#include "python/errors.h"
#include "python/tokenizers/texts.h"

namespace headrace::python {

CharacterMap::CharacterMap(std::string_view text) : size_in_bytes_(static_cast<uint32_t>(text.size())) {
  for (uint32_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) begins_.push_back(i);
  }
  begins_.push_back(size_in_bytes_);
}

text::Offset CharacterMap::characters_of(text::Offset bytes) const {
  const auto at_or_before = std::ranges::upper_bound(begins_, bytes.begin) - begins_.begin() - 1;
  const auto end = std::ranges::lower_bound(begins_, bytes.end) - begins_.begin();
  return {static_cast<uint32_t>(std::max<ptrdiff_t>(at_or_before, 0)), static_cast<uint32_t>(end)};
}

namespace {

/// How many bytes a valid character that begins with this byte takes.
size_t width(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

}  // namespace

char32_t character_of(std::string_view text, const char* message) {
  if (text.empty() || text.size() != width(static_cast<unsigned char>(text[0]))) throw nanobind::value_error(message);
  const auto lead = static_cast<unsigned char>(text[0]);
  char32_t character = text.size() == 1 ? lead : lead & (0x7f >> text.size());
  for (size_t i = 1; i < text.size(); ++i) character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  return character;
}

std::string text_of(char32_t c) {
  std::string text;
  const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xc0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xe0 | c >> 12);
    tail(6), tail(0);
  } else {
    text += static_cast<char>(0xf0 | c >> 18);
    tail(12), tail(6), tail(0);
  }
  return text;
}

}  // namespace headrace::python
