#pragma once

#include "kernels/cpu/tile_sums.h"

namespace headrace::kernels {
namespace {

// One block of one tile of outputs as AMX reads it. Four inputs × 16 outputs, a vector of the packed weight,
// are one row of a tile register; signed bytes, so that no correction of the sums is needed.

/// Of a K type a quant times its group's scale, which has 16 bits: low + 256 · high, low from 0 to 255.
template <class V, WeightType W>
  requires(is_k(W))
struct alignas(64) AmxBlock {
  typename V::Ints low[64];
  typename V::Ints high[64];
  typename V::Ints factors[groups_of(W) / 2];
  typename V::Floats block_scale;
  typename V::Floats block_minimum;

  /// For weighted_sums.
  [[gnu::always_inline]] typename V::Ints sum_factors(int pair) const { return factors[pair]; }
};

/// PERF: a row of both tile registers takes six operations besides taking the quants apart (see docs/design/0010).
template <class V, WeightType W>
  requires(is_k(W))
void expand_for_amx(PackedBlock<V, W> from, AmxBlock<V, W>& to) {
  using Ints = typename V::Ints;
  constexpr int kGroups = groups_of(W), kRowsOfGroup = 64 / kGroups;
#pragma GCC unroll 16
  for (int index = 0; index < kGroups; ++index) {
    const Ints scale = from.group_scale(index);  // in both halves of a lane
    const Ints for_even = V::both(scale, V::all_16(0x00ff)), for_odd = V::left_16(scale, 8);
#pragma GCC unroll 8
    for (int i = 0; i < kRowsOfGroup; ++i) {
      const int row = index * kRowsOfGroup + i;
      const Ints quants = from.group(row / 8, row % 8);
      Ints even = V::pair_sums(quants, for_even), odd = V::pair_sums(quants, for_odd);
      if constexpr (quant_offset<V>(W) != 0) {
        even = V::sub_16(even, V::left_16(scale, __builtin_ctz(quant_offset<V>(W))));
        odd = V::sub_16(odd, V::left_16(scale, __builtin_ctz(quant_offset<V>(W))));
      }
      to.low[row] = V::either(V::both(even, V::all_16(0x00ff)), V::left_16(odd, 8));
      to.high[row] = V::either(V::right_16(even, 8), V::both(odd, V::all_16(0xff00)));
    }
  }
  to.block_scale = from.scale();
  if constexpr (with_minimum(W)) {
    constexpr int kPairs = groups_of(W) / 2;
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs; ++pair) to.factors[pair] = from.sum_factors(pair);
    to.block_minimum = from.minimum();
  }
}

}  // namespace
}  // namespace headrace::kernels
