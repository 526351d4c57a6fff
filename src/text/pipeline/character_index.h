#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace headrace::text {

/// Byte offsets of a text as character offsets. Keeps a count and a bitmap every 64 bytes.
class CharacterIndex {
 public:
  /// `text` is valid UTF-8 and outlives this.
  explicit CharacterIndex(std::string_view text);

  /// None when `bytes` begins at or beyond the end of the text. An end within a
  /// character becomes that character's index, as in tokenizers 0.23.
  std::optional<Offset> convert(Offset bytes) const;

 private:
  uint32_t character_of(uint32_t byte) const;

  struct Block {
    uint64_t leads = 0;     // which bytes begin a character
    uint32_t before = 0;    // characters that begin before it
  };

  size_t size_;
  std::vector<Block> blocks_;  // empty: all ASCII
};

}  // namespace headrace::text
