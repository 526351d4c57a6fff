#include "text/pipeline/character_index.h"

#include <algorithm>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr uint32_t kBlock = 64;

uint32_t leads(std::string_view text) {
  return static_cast<uint32_t>(std::count_if(text.begin(), text.end(), [](char byte) { return !utf8::is_continuation(byte); }));
}

}  // namespace

CharacterIndex::CharacterIndex(std::string_view text) : text_(text) {
  if (std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<uint8_t>(byte) < 0x80; })) return;
  characters_before_.reserve(text.size() / kBlock + 1);
  uint32_t count = 0;
  for (size_t begin = 0; begin < text.size(); begin += kBlock) {
    characters_before_.push_back(count);
    count += leads(text.substr(begin, kBlock));
  }
}

uint32_t CharacterIndex::character_of(uint32_t byte) const {
  if (characters_before_.empty()) return byte;
  const uint32_t block = byte / kBlock;
  return characters_before_[block] + leads(text_.substr(block * kBlock, byte % kBlock + 1)) - 1;
}

std::optional<Offset> CharacterIndex::convert(Offset bytes) const {
  if (bytes.begin >= text_.size()) return std::nullopt;
  const uint32_t begin = character_of(bytes.begin);
  if (bytes.end < text_.size()) return Offset{begin, character_of(bytes.end)};
  const uint32_t last = bytes.end == text_.size() ? character_of(bytes.end - 1) : begin + 1;
  return Offset{begin, last + 1};
}

}  // namespace headrace::text
