#include "text/pipeline/character_index.h"

#include <bit>

#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr uint32_t kBlock = 64;

/// A bit for each of the bytes of a block that begins a character. PERF: of a whole block without a branch.
uint64_t leads(const char* bytes, size_t size) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; ++i) bits |= uint64_t{!utf8::is_continuation(bytes[i])} << i;
  return bits;
}

bool is_ascii(std::string_view text) {
  uint8_t all = 0;
  for (const char byte : text) all |= static_cast<uint8_t>(byte);
  return all < 0x80;
}

}  // namespace

CharacterIndex::CharacterIndex(std::string_view text) : size_(text.size()) {
  if (is_ascii(text)) return;
  blocks_.reserve(text.size() / kBlock + 1);
  uint32_t count = 0;
  for (size_t begin = 0; begin < text.size(); begin += kBlock) {
    const size_t size = text.size() - begin;
    const Block block{size >= kBlock ? leads(text.data() + begin, kBlock) : leads(text.data() + begin, size), count};
    blocks_.push_back(block);
    count += static_cast<uint32_t>(std::popcount(block.leads));
  }
}

uint32_t CharacterIndex::character_of(uint32_t byte) const {
  if (blocks_.empty()) return byte;
  const Block& block = blocks_[byte / kBlock];
  const uint64_t up_to = ~uint64_t{0} >> (kBlock - 1 - byte % kBlock);
  return block.before + static_cast<uint32_t>(std::popcount(block.leads & up_to)) - 1;
}

std::optional<Offset> CharacterIndex::convert(Offset bytes) const {
  if (bytes.begin >= size_) return std::nullopt;
  const uint32_t begin = character_of(bytes.begin);
  if (bytes.end < size_) return Offset{begin, character_of(bytes.end)};
  const uint32_t last = bytes.end == size_ ? character_of(bytes.end - 1) : begin + 1;
  return Offset{begin, last + 1};
}

}  // namespace headrace::text
