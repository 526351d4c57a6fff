#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace headrace::text {

/// A merge that a trainer makes in a word.
struct WordMerge {
  uint32_t left;
  uint32_t right;
  uint32_t joined;
};

/// Joins a pair wherever it stands in a word of `length` symbols, from the left, and returns how many
/// symbols are left. Calls `lost(left, right)` and `born(left, right)` for the pairs beside each join
/// that are no more and that are new. `lengths`, if not null, holds the characters of each
/// symbol: pairs of `longest` characters or more are not born.
template <class Lost, class Born>
uint32_t merge_in_word(uint32_t* symbols, uint32_t* lengths, uint32_t length, const WordMerge& merge, size_t longest, const Lost& lost,
                       const Born& born) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < length; ++kept) {
    if (symbols[i] != merge.left || i + 1 == length || symbols[i + 1] != merge.right) {
      symbols[kept] = symbols[i];
      if (lengths) lengths[kept] = lengths[i];
      ++i;
      continue;
    }
    const size_t characters = lengths ? size_t{lengths[i]} + lengths[i + 1] : 0;
    if (kept > 0) {
      lost(symbols[kept - 1], merge.left);
      if (!lengths || lengths[kept - 1] + characters < longest) born(symbols[kept - 1], merge.joined);
    }
    if (i + 2 < length) {
      lost(merge.right, symbols[i + 2]);
      if (!lengths || lengths[i + 2] + characters < longest) born(merge.joined, symbols[i + 2]);
    }
    symbols[kept] = merge.joined;
    if (lengths) lengths[kept] = static_cast<uint32_t>(characters);
    i += 2;
  }
  return kept;
}

}  // namespace headrace::text
