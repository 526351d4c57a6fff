#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/tile_layout.h"
#include "kernels/quant_tables.h"

namespace headrace::kernels {
namespace {

// One block of one tile as a matmul reads it: groups of four inputs × N outputs as bytes, scales,
// minimums. PackedBlock takes them from the packed matrix as they are asked for (few rows);
// ExpandedBlock has them ready, in cache, for all the rows that follow.

/// Whether blocks are of 256: the K types and all that are laid out like them.
[[gnu::always_inline]] inline constexpr bool is_k(WeightType type) { return block_layout(type).width == 256; }
[[gnu::always_inline]] inline constexpr bool with_minimum(WeightType type) {
  return !is_float(type) && block_layout(type).halves == 2 && !has_wide_scale(type);
}
/// Groups of a block that have scales of their own; 1: none has.
[[gnu::always_inline]] inline constexpr int groups_of(WeightType type) {
  switch (type) {
    case WeightType::Q2_K: case WeightType::Q3_K: case WeightType::Q6_K: return 16;
    case WeightType::Q4_K: case WeightType::Q5_K: case WeightType::IQ4_XS: return 8;
    default: return 1;
  }
}
[[gnu::always_inline]] inline constexpr bool has_signed_scales(WeightType type) {
  return type == WeightType::Q3_K || type == WeightType::Q6_K || type == WeightType::IQ4_XS;
}
/// Whether quants are numbers of eight bits with a sign.
[[gnu::always_inline]] inline constexpr bool has_signed_quants(WeightType type) {
  return type == WeightType::Q8_0 || type == WeightType::Q8_K || type == WeightType::IQ4_NL || type == WeightType::IQ4_XS;
}
/// The table that quants are places in, or null.
[[gnu::always_inline]] inline constexpr const int8_t* table_of(WeightType type) {
  if (type == WeightType::IQ4_NL || type == WeightType::IQ4_XS) return kIq4Values;
  return type == WeightType::MXFP4 ? kMxfp4Values : nullptr;
}
/// Bits of a quant.
[[gnu::always_inline]] inline constexpr int quant_bits(WeightType type) {
  switch (type) {
    case WeightType::Q5_0: case WeightType::Q5_1: case WeightType::Q5_K: case WeightType::MXFP4: return 5;
    case WeightType::Q6_K: return 6;
    case WeightType::Q8_0: case WeightType::Q8_K: case WeightType::IQ4_NL: case WeightType::IQ4_XS: return 8;
    default: return 4;
  }
}
/// What is subtracted from each quant, a power of two; 0: nothing. Where V multiplies unsigned bytes
/// only, signed ones count from −128.
template <class V>
[[gnu::always_inline]] inline constexpr int quant_offset(WeightType type) {
  if (has_signed_quants(type)) return V::kDotProduct ? 128 : 0;
  switch (type) {
    case WeightType::TQ1_0: case WeightType::TQ2_0: return 1;
    case WeightType::Q3_K: return 4;
    case WeightType::Q4_0: return 8;
    case WeightType::Q5_0: case WeightType::MXFP4: return 16;
    case WeightType::Q6_K: return 32;
    default: return 0;
  }
}

/// Whether the activations' sums are needed, for a minimum or an offset.
template <class V>
[[gnu::always_inline]] inline constexpr bool has_sum_factors(WeightType type) {
  return with_minimum(type) || quant_offset<V>(type) != 0;
}

// Part, group and quarter numbers below are constants once the loops around them are unrolled, or
// loop counters; only shifts by a counter differ.

template <class V>
[[gnu::always_inline]] inline typename V::Ints nibbles(typename V::Ints bytes, int high) {
  return V::both(high != 0 ? V::right_16(bytes, 4) : bytes, V::all_bytes(15));
}

/// What a table holds, as its type's quants are multiplied.
template <class V, WeightType W>
struct alignas(16) TableValues {
  uint8_t values[16];
  constexpr TableValues() {
    for (int i = 0; i < 16; ++i) values[i] = static_cast<uint8_t>(table_of(W)[i] + quant_offset<V>(W));
  }
};
template <class V, WeightType W>
constexpr TableValues<V, W> kTableValues;

template <class V, WeightType W>
struct PackedBlock {
  using Ints = typename V::Ints;
  using Floats = typename V::Floats;

  const std::byte* body;
  const std::byte* halves;
  size_t ahead;  ///< bytes to the block that is to be in the cache later

  /// Asks for the kPart-th of kParts shares of that block. PERF: the tiles of a call are several short
  /// streams, which the hardware's prefetchers follow late and leave early.
  template <int kParts, int kLocality>
  [[gnu::always_inline]] void fetch_ahead(int part) const {
    constexpr int kLines = static_cast<int>(block_layout(W).body_words * 4 * V::kOutputs / 64);
#pragma GCC unroll 32
    for (int line = kLines * part / kParts; line < kLines * (part + 1) / kParts; ++line)
      __builtin_prefetch(body + ahead + line * 64, 0, kLocality);
    if (part == 0) __builtin_prefetch(halves + ahead, 0, kLocality);
  }

  [[gnu::always_inline]] Ints word(int index) const { return V::load(body + size_t(index) * 4 * V::kOutputs); }

  /// Quants of inputs 4 group … 4 group + 3 of the 32 inputs from 32 part.
  [[gnu::always_inline]] Ints group(int part, int group) const {
    if constexpr (W == WeightType::Q8_0) return as_multiplied(word(group));
    if constexpr (W == WeightType::Q8_K) return as_multiplied(word(part * 8 + group));
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
    if constexpr (W == WeightType::Q2_K) return pairs_of_bits(word(4 + part / 4 * 8 + group), part % 4);
    if constexpr (W == WeightType::Q3_K) {
      const Ints third = part < 2 ? V::left_16(word(group), 2 - part) : V::right_16(word(group), part - 2);
      return V::either(pairs_of_bits(word(8 + part / 4 * 8 + group), part % 4), V::both(third, V::all_bytes(4)));
    }
    if constexpr (W == WeightType::TQ2_0) return pairs_of_bits(word(part / 4 * 8 + group), part % 4);
    if constexpr (W == WeightType::IQ4_NL || W == WeightType::MXFP4) return looked_up(word(group % 4), group / 4);
    if constexpr (W == WeightType::IQ4_XS) return looked_up(word(2 + part * 4 + group % 4), group / 4);
  }

  [[gnu::always_inline]] Floats scale() const {
    if constexpr (has_wide_scale(W)) return V::load_floats(halves);
    else if constexpr (W == WeightType::MXFP4) return V::load_bfloats(halves);
    else return V::load_halves(halves);
  }
  [[gnu::always_inline]] Floats minimum() const { return V::load_halves(halves + 2 * V::kOutputs); }

  /// The scale of group `index` as V multiplies by it (see V::scales).
  [[gnu::always_inline]] Ints group_scale(int index) const {
    return V::template scales<has_signed_scales(W)>(scale_bytes(index / 4), index % 4);
  }
  /// What multiplies the sums of groups 2 pair and 2 pair + 1, as 16 bits each: their minimums, or
  /// with an offset their scales.
  [[gnu::always_inline]] Ints sum_factors(int pair) const {
    if constexpr (with_minimum(W)) return V::template pair_of_bytes<false>(minimum_bytes(pair / 2), pair % 2 * 2);
    else return V::template pair_of_bytes<true>(scale_bytes(pair / 2), pair % 2 * 2);
  }

 private:
  [[gnu::always_inline]] static Ints halves_of(Ints bytes, int high) {
    return V::both(V::right_16(bytes, high * 4), V::all_bytes(15));
  }
  [[gnu::always_inline]] static Ints pairs_of_bits(Ints bytes, int pair) {
    return V::both(V::right_16(bytes, pair * 2), V::all_bytes(3));
  }
  [[gnu::always_inline]] static Ints looked_up(Ints bytes, int high) {
    return V::look_up(V::table_of_16(kTableValues<V, W>.values), nibbles<V>(bytes, high));
  }
  /// Signed bytes as V multiplies them.
  [[gnu::always_inline]] static Ints as_multiplied(Ints bytes) {
    return quant_offset<V>(W) != 0 ? V::flip_top_bit_8(bytes) : bytes;
  }
  /// Four scales, or four minimums, of groups 4 quarter …, one in each byte of a lane.
  [[gnu::always_inline]] Ints scale_bytes(int quarter) const {
    if constexpr (W == WeightType::Q6_K) return word(48 + quarter);
    if constexpr (W == WeightType::IQ4_XS) return word(quarter);
    if constexpr (W == WeightType::Q2_K) return nibbles<V>(word(quarter), 0);
    if constexpr (W == WeightType::Q3_K) {
      const Ints top = V::both(V::right_16(word(26), quarter * 2), V::all_bytes(3));
      const Ints bytes = V::either(nibbles<V>(word(24 + quarter % 2), quarter / 2), V::left_16(top, 4));
      return V::sub_8(bytes, V::all_bytes(32));
    }
    if (quarter == 0) return V::both(word(0), V::all_bytes(63));
    return V::either(nibbles<V>(word(2), 0), V::both(V::right_16(word(0), 2), V::all_bytes(48)));
  }
  [[gnu::always_inline]] Ints minimum_bytes(int quarter) const {
    if constexpr (W == WeightType::Q2_K) return nibbles<V>(word(quarter), 1);
    if (quarter == 0) return V::both(word(1), V::all_bytes(63));
    return V::either(nibbles<V>(word(2), 1), V::both(V::right_16(word(1), 2), V::all_bytes(48)));
  }
};

template <class V, WeightType W>
struct alignas(64) ExpandedBlock {
  static constexpr int kParts = block_layout(W).width / 32;
  typename V::Ints quants[kParts * 8];
  typename V::Ints scales[groups_of(W)];
  typename V::Ints factors[groups_of(W) > 1 ? groups_of(W) / 2 : 1];
  typename V::Floats block_scale;
  typename V::Floats block_minimum;
};

/// An ExpandedBlock with the face of a PackedBlock.
template <class V, WeightType W>
struct ExpandedSource {
  using Ints = typename V::Ints;
  using Floats = typename V::Floats;
  const ExpandedBlock<V, W>* block;

  template <int kParts, int kLocality>
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
  constexpr int kGroups = groups_of(W);
  if constexpr (kGroups > 1) {
#pragma GCC unroll 16
    for (int j = 0; j < kGroups; ++j) to.scales[j] = from.group_scale(j);
  }
  if constexpr (kGroups > 1 && has_sum_factors<V>(W)) {
    constexpr int kPairs = kGroups / 2;
#pragma GCC unroll 8
    for (int j = 0; j < kPairs; ++j) to.factors[j] = from.sum_factors(j);
  }
  to.block_scale = from.scale();
  if constexpr (with_minimum(W)) to.block_minimum = from.minimum();
}

}  // namespace
}  // namespace headrace::kernels
