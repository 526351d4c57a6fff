#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "text/tokenizer.h"

namespace headrace::text {

/// Where the encoders of a text's segments put their tokens.
struct TokenSink {
  std::vector<TokenId>* ids = nullptr;
  std::vector<Offset>* offsets = nullptr;  ///< null: not asked for
  /// Null: not asked for; else for each token the number of its piece. Needs offsets.
  std::vector<uint32_t>* words = nullptr;
  uint32_t next_word = 0;
  size_t limit = std::numeric_limits<size_t>::max();

  bool full() const { return ids->size() >= limit; }
  /// `begin` and `end` are positions between characters of the whole text.
  void add(TokenId id, size_t begin, size_t end) {
    ids->push_back(id);
    if (offsets) offsets->push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  }
};

}  // namespace headrace::text
