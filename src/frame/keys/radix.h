#pragma once

#include <cstdint>
#include <span>

#include "base/buffer.h"

namespace headrace::frame {

/// Parts that rows are put into by the upper bits of their hashes.
inline constexpr int kPartBits = 7;
inline constexpr size_t kParts = size_t{1} << kPartBits;
inline size_t part_of(uint64_t hash) { return hash >> (64 - kPartBits); }

/// A number and what goes with it.
struct Numbered {
  uint64_t number, index;
};
/// Sorts by numbers, which are all less than `bound`. `spare` is as long.
void sort_by_number(std::span<Numbered> entries, std::span<Numbered> spare, uint64_t bound);

}  // namespace headrace::frame
