#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/tile_layout.h"

namespace headrace::kernels {
namespace {

// One block of one tile as a matmul reads it: groups of four inputs × N outputs as bytes, scales,
// minimums. PackedBlock takes them from the packed matrix as they are asked for (few rows);
// ExpandedBlock has them ready, in cache, for all the rows that follow.

[[gnu::always_inline]] inline constexpr bool is_k(WeightType type) { return block_layout(type).width == 256; }
[[gnu::always_inline]] inline constexpr bool with_minimum(WeightType type) {
  return !is_float(type) && block_layout(type).halves == 2;
}
/// Bits of a quant.
[[gnu::always_inline]] inline constexpr int quant_bits(WeightType type) {
  switch (type) {
    case WeightType::Q5_0: case WeightType::Q5_1: case WeightType::Q5_K: return 5;
    case WeightType::Q6_K: return 6;
    case WeightType::Q8_0: return 8;
    default: return 4;
  }
}
/// log2 of what is subtracted from each quant; 0: nothing.
[[gnu::always_inline]] inline constexpr int offset_bits(WeightType type) {
  switch (type) {
    case WeightType::Q4_0: return 3;
    case WeightType::Q5_0: return 4;
    case WeightType::Q6_K: return 5;
    default: return 0;
  }
}

// Part, group and quarter numbers below are constants once the loops around them are unrolled, or
// loop counters; only shifts by a counter differ.

template <class V>
[[gnu::always_inline]] inline typename V::Ints nibbles(typename V::Ints bytes, int high) {
  return V::both(high != 0 ? V::right_16(bytes, 4) : bytes, V::all_bytes(15));
}

template <class V, WeightType W>
struct PackedBlock {
  using Ints = typename V::Ints;
  using Floats = typename V::Floats;

  const std::byte* body;
  const std::byte* halves;
  size_t ahead;  ///< bytes to the block that is to be in the cache later

  /// Asks for the kPart-th of kParts shares of that block. PERF: the tiles of a call are several short
  /// streams, which the hardware's prefetchers follow late and leave early.
  template <int kParts>
  [[gnu::always_inline]] void fetch_ahead(int part) const {
    constexpr int kLines = static_cast<int>(block_layout(W).body_words * 4 * V::kOutputs / 64);
#pragma GCC unroll 32
    for (int line = kLines * part / kParts; line < kLines * (part + 1) / kParts; ++line)
      __builtin_prefetch(body + ahead + line * 64);
    if (part == 0) __builtin_prefetch(halves + ahead);
  }

  [[gnu::always_inline]] Ints word(int index) const { return V::load(body + size_t(index) * 4 * V::kOutputs); }

  /// Quants of inputs 4 group … 4 group + 3 of the 32 inputs from 32 part.
  [[gnu::always_inline]] Ints group(int part, int group) const {
    if constexpr (W == WeightType::Q8_0) return word(group);
    if constexpr (W == WeightType::Q4_0 || W == WeightType::Q4_1) return nibbles<V>(word(group % 4), group / 4);
    if constexpr (W == WeightType::Q5_0 || W == WeightType::Q5_1) {
      const Ints fifth = group < 4 ? V::left_16(word(0), 4 - group) : V::right_16(word(0), group - 4);
      return V::either(nibbles<V>(word(1 + group % 4), group / 4), V::both(fifth, V::all_bytes(16)));
    }
    if constexpr (W == WeightType::Q4_K) return halves_of(word(3 + part / 2 * 8 + group), part % 2);
    if constexpr (W == WeightType::Q5_K) {
      const Ints fifth = V::both(V::right_16(word(3 + group), part), V::all_bytes(1));
      return V::either(halves_of(word(11 + part / 2 * 8 + group), part % 2), V::left_16(fifth, 4));
    }
    if constexpr (W == WeightType::Q6_K) {
      const Ints top = V::both(V::right_16(word(32 + part / 4 * 8 + group), part % 4 * 2), V::all_bytes(3));
      return V::either(halves_of(word(part / 4 * 16 + part % 2 * 8 + group), part % 4 / 2), V::left_16(top, 4));
    }
  }

  [[gnu::always_inline]] Floats scale() const { return V::load_halves(halves); }
  [[gnu::always_inline]] Floats minimum() const { return V::load_halves(halves + 2 * V::kOutputs); }

  /// The scale of group `index` as V multiplies by it (see V::scales).
  [[gnu::always_inline]] Ints group_scale(int index) const {
    return V::template scales<W == WeightType::Q6_K>(scale_bytes(index / 4), index % 4);
  }
  /// What multiplies the sums of groups 2 pair and 2 pair + 1, as 16 bits each: their minimums, or
  /// with an offset (Q6_K) their scales.
  [[gnu::always_inline]] Ints sum_factors(int pair) const {
    if constexpr (W == WeightType::Q6_K) return V::template pair_of_bytes<true>(scale_bytes(pair / 2), pair % 2 * 2);
    else return V::template pair_of_bytes<false>(minimum_bytes(pair / 2), pair % 2 * 2);
  }

 private:
  [[gnu::always_inline]] static Ints halves_of(Ints bytes, int high) {
    return V::both(V::right_16(bytes, high * 4), V::all_bytes(15));
  }
  /// Four scales, or four minimums, of groups 4 quarter …, one in each byte of a lane.
  [[gnu::always_inline]] Ints scale_bytes(int quarter) const {
    if constexpr (W == WeightType::Q6_K) return word(48 + quarter);
    if (quarter == 0) return V::both(word(0), V::all_bytes(63));
    return V::either(nibbles<V>(word(2), 0), V::both(V::right_16(word(0), 2), V::all_bytes(48)));
  }
  [[gnu::always_inline]] Ints minimum_bytes(int quarter) const {
    if (quarter == 0) return V::both(word(1), V::all_bytes(63));
    return V::either(nibbles<V>(word(2), 1), V::both(V::right_16(word(1), 2), V::all_bytes(48)));
  }
};

/// 16 groups of 16 for Q6_K, 8 of 32 for the other K types, 1 for the legacy ones.
[[gnu::always_inline]] inline constexpr int groups_of(WeightType type) {
  return !is_k(type) ? 1 : type == WeightType::Q6_K ? 16 : 8;
}

template <class V, WeightType W>
struct alignas(64) ExpandedBlock {
  static constexpr int kParts = block_layout(W).width / 32;
  typename V::Ints quants[kParts * 8];
  typename V::Ints scales[is_k(W) ? groups_of(W) : 1];
  typename V::Ints factors[is_k(W) ? groups_of(W) / 2 : 1];
  typename V::Floats block_scale;
  typename V::Floats block_minimum;
};

/// An ExpandedBlock with the face of a PackedBlock.
template <class V, WeightType W>
struct ExpandedSource {
  using Ints = typename V::Ints;
  using Floats = typename V::Floats;
  const ExpandedBlock<V, W>* block;

  template <int kParts>
  [[gnu::always_inline]] void fetch_ahead(int) const {}
  [[gnu::always_inline]] Ints group(int part, int group) const { return block->quants[part * 8 + group]; }
  [[gnu::always_inline]] Floats scale() const { return block->block_scale; }
  [[gnu::always_inline]] Floats minimum() const { return block->block_minimum; }
  [[gnu::always_inline]] Ints group_scale(int index) const { return block->scales[index]; }
  [[gnu::always_inline]] Ints sum_factors(int pair) const { return block->factors[pair]; }
};

template <class V, WeightType W>
void expand(PackedBlock<V, W> from, ExpandedBlock<V, W>& to) {
#pragma GCC unroll 8
  for (int part = 0; part < ExpandedBlock<V, W>::kParts; ++part) {
#pragma GCC unroll 8
    for (int group = 0; group < 8; ++group) to.quants[part * 8 + group] = from.group(part, group);
  }
  if constexpr (is_k(W)) {
    constexpr int kGroups = groups_of(W);
    constexpr int kPairs = groups_of(W) / 2;
#pragma GCC unroll 16
    for (int j = 0; j < kGroups; ++j) to.scales[j] = from.group_scale(j);
#pragma GCC unroll 8
    for (int j = 0; j < kPairs; ++j) to.factors[j] = from.sum_factors(j);
  }
  to.block_scale = from.scale();
  if constexpr (with_minimum(W)) to.block_minimum = from.minimum();
}

}  // namespace
}  // namespace headrace::kernels
