#pragma once

#include <bit>

#include "frame/csv/field_kernels.h"

namespace headrace::frame::csv {

/// Where in 64 bytes each of the dialect's stands, a bit a byte.
struct BlockMasks {
  uint64_t separators, quotes, ends, high;
};

// The loops of FieldKernels over blocks. `Block` says how masks are made; it must be a type of one object file, so that what is
// compiled for it stays there.

/// Bit i is the parity of bits 0 to i.
template <class Block>
uint64_t parities(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

template <class Block>
Counts count_loop(const uint8_t* text, size_t blocks, const Dialect& dialect) {
  const Block block(dialect);
  Counts counts;
  uint64_t inside = 0;
  for (size_t i = 0; i < blocks; ++i) {
    const BlockMasks masks = block.masks(text + 64 * i);
    uint64_t within = inside;
    if (masks.quotes != 0) {
      within ^= parities<Block>(masks.quotes);
      inside = uint64_t{0} - (within >> 63);
      counts.quotes += static_cast<uint64_t>(std::popcount(masks.quotes));
    }
    counts.ends += static_cast<uint64_t>(std::popcount(masks.ends));
    counts.ends_outside += static_cast<uint64_t>(std::popcount(masks.ends & ~within));
  }
  return counts;
}

template <class Block>
size_t find_loop(const uint8_t* text, size_t blocks, const Dialect& dialect, uint32_t at, uint32_t* fields, FieldSearch& search) {
  const Block block(dialect);
  uint32_t* out = fields;
  uint64_t inside = search.inside, after = search.after, high = 0, stray = 0, ends = search.ends;
  for (size_t i = 0; i < blocks; ++i, at += 64) {
    const BlockMasks masks = block.masks(text + 64 * i);
    high |= masks.high;
    const uint64_t within = masks.quotes == 0 ? inside : inside ^ parities<Block>(masks.quotes);
    uint64_t found = (masks.separators | masks.ends) & ~within;
    ends += static_cast<uint64_t>(std::popcount(found & masks.ends));
    const uint64_t before_field = found | masks.quotes;
    stray |= masks.quotes & within & ~(before_field << 1 | after);
    after = before_field >> 63;
    inside = uint64_t{0} - (within >> 63);
    // PERF: eight at a time without asking how many there are; what is too much is written over.
    const int count = std::popcount(found);
    for (int begin = 0; begin < count; begin += 8) {
      for (int k = 0; k < 8; ++k) {
        out[begin + k] = at + static_cast<uint32_t>(std::countr_zero(found));
        found &= found - 1;
      }
    }
    out += count;
  }
  search = {.inside = inside,
            .after = after,
            .has_high = search.has_high || high != 0,
            .has_stray = search.has_stray || stray != 0,
            .ends = ends};
  return static_cast<size_t>(out - fields);
}

}  // namespace headrace::frame::csv
