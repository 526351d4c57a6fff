#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace headrace::python {

/// Bytes and characters of a text, both ways. Linear memory; made once for many questions.
class CharacterMap {
 public:
  explicit CharacterMap(std::string_view text);
  size_t size() const { return begins_.size() - 1; }
  /// Where a character begins; size() for the end.
  uint32_t byte_of(size_t character) const { return begins_[character]; }
  /// Bytes [begin, end) as characters: each boundary counts the characters that begin
  /// before it, and an end inside a character takes all of it.
  text::Offset characters_of(text::Offset bytes) const;

 private:
  uint32_t size_in_bytes_;
  std::vector<uint32_t> begins_;
};

}  // namespace headrace::python
