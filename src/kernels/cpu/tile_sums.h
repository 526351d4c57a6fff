#pragma once

#include "kernels/activation_block.h"
#include "kernels/cpu/tile_blocks.h"

namespace headrace::kernels {
namespace {

// The register tile: kRows rows × kTiles tiles of N outputs, over some blocks of inputs.

template <class Block>
[[gnu::always_inline]] inline const Block* next_row(const Block* row, size_t stride) {
  return reinterpret_cast<const Block*>(reinterpret_cast<const std::byte*>(row) + stride);
}

/// How many products of a pair of unsigned `bits` and signed 8 bits fit into 16 bits as a sum.
constexpr int sums_in_16(int bits) { return bits == 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1; }

/// totals − quant_offset · sums.
template <class V, WeightType W>
[[gnu::always_inline]] inline typename V::Ints without_offset(typename V::Ints totals, typename V::Ints sums) {
  constexpr int kOffset = quant_offset<V>(W);
  if constexpr (kOffset == 1) return V::sub_32(totals, sums);
  else return V::sub_32(totals, V::left_32(sums, __builtin_ctz(kOffset)));
}

/// totals[r][t] += factor(t) · Σ quant · value over groups kFirst … kFirst + kCount − 1 of a part.
/// PERF: bound by the vector ports: a multiply and an add for each group, row and tile, and one
/// widening multiply for as many groups as 16 bits hold.
template <class V, WeightType W, int kFirst, int kCount, int kRows, int kTiles, class Source, class Row, class Factor>
  requires(!V::kDotProduct)
[[gnu::always_inline]] inline void add_products(const Source (&tiles)[kTiles], const Row* const (&rows)[kRows],
                                                int part, Factor factor, typename V::Ints (&totals)[kRows][kTiles]) {
  using Ints = typename V::Ints;
  constexpr int kSums = sums_in_16(quant_bits(W)) < kCount ? sums_in_16(quant_bits(W)) : kCount;
  Ints sums[kRows][kTiles];
#pragma GCC unroll 8
  for (int index = 0; index < kCount; ++index) {
    const int group = kFirst + index;
    Ints quants[kTiles];
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) quants[t] = tiles[t].group(part, group);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Ints values = V::all_words(rows[r]->values + part * 32 + group * 4);
#pragma GCC unroll 4
      for (int t = 0; t < kTiles; ++t) {
        Ints pair;
        if constexpr (has_signed_quants(W))
          pair = V::pair_sums(V::magnitude_8(quants[t]), V::with_sign_8(values, quants[t]));
        else
          pair = V::pair_sums(quants[t], values);
        sums[r][t] = index % kSums == 0 ? pair : V::add_16(sums[r][t], pair);
        if (index % kSums == kSums - 1) totals[r][t] = V::add_32(totals[r][t], V::lane_sums(sums[r][t], factor(t)));
      }
    }
  }
}

/// The same by dot products of four bytes. Where groups have no scales the factor is one, and left out.
template <class V, WeightType W, int kFirst, int kCount, int kRows, int kTiles, class Source, class Row, class Factor>
  requires(V::kDotProduct)
[[gnu::always_inline]] inline void add_products(const Source (&tiles)[kTiles], const Row* const (&rows)[kRows],
                                                int part, Factor factor, typename V::Ints (&totals)[kRows][kTiles]) {
  using Ints = typename V::Ints;
  Ints sums[kRows][kTiles];
#pragma GCC unroll 8
  for (int index = 0; index < kCount; ++index) {
    const int group = kFirst + index;
    Ints quants[kTiles];
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) quants[t] = tiles[t].group(part, group);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Ints values = V::all_words(rows[r]->values + part * 32 + group * 4);
#pragma GCC unroll 4
      for (int t = 0; t < kTiles; ++t) {
        const Ints before = index != 0 ? sums[r][t] : groups_of(W) == 1 ? totals[r][t] : V::zeros();
        sums[r][t] = V::add_dot(before, quants[t], values);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t)
      totals[r][t] = groups_of(W) > 1 ? V::add_32(totals[r][t], V::mul_32(sums[r][t], factor(t))) : sums[r][t];
}

/// How near the weights that come later are brought: the L2 cache. PERF: into the L1 cache they push out what is read now, and
/// wait for its few outstanding lines: one row of Q4_1 from memory then goes at 25 GB/s, and so at 29.
constexpr int kFetchLocality = 2;

/// acc[r][t] after one block of 32.
template <class V, WeightType W, int kRows, int kTiles, class Source>
[[gnu::always_inline]] inline void add_block(const Source (&tiles)[kTiles], const BlockOf32* const (&rows)[kRows],
                                             typename V::Floats (&acc)[kRows][kTiles]) {
  typename V::Ints totals[kRows][kTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) totals[r][t] = V::zeros();
#pragma GCC unroll 4
  for (int t = 0; t < kTiles; ++t) tiles[t].template fetch_ahead<1, kFetchLocality>(0);
  const auto one = [](int) __attribute__((always_inline)) { return V::all_16(1); };
  add_products<V, W, 0, 8>(tiles, rows, 0, one, totals);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) {
      if constexpr (quant_offset<V>(W) != 0)
        totals[r][t] = without_offset<V, W>(totals[r][t], V::all_words(&rows[r]->sum));
      const auto scale = V::mul(tiles[t].scale(), V::all(rows[r]->scale));
      acc[r][t] = V::fma(scale, V::to_floats(totals[r][t]), acc[r][t]);
      if constexpr (with_minimum(W)) acc[r][t] = V::fma(tiles[t].minimum(), V::all(rows[r]->scaled_sum), acc[r][t]);
    }
}

/// Σ of the rows' group sums, each times its minimum or, for an offset, its scale.
template <class V, WeightType W, class Source>
[[gnu::always_inline]] inline typename V::Ints weighted_sums(const Source& tile, const BlockOf256& row) {
  const int16_t* sums = groups_of(W) == 16 ? row.sums_of_16 : row.sums_of_32;
  constexpr int kPairs = groups_of(W) == 16 ? 8 : 4;
  typename V::Ints total = V::zeros();
#pragma GCC unroll 8
  for (int pair = 0; pair < kPairs; ++pair) {
    typename V::Ints factors;
    if constexpr (groups_of(W) > 1) factors = tile.sum_factors(pair);
    else factors = V::all_16(1);
    total = V::add_32(total, V::lane_sums(factors, V::all_words(sums + pair * 2)));
  }
  return total;
}

/// acc[r][t] after one block of 256.
template <class V, WeightType W, int kRows, int kTiles, class Source>
[[gnu::always_inline]] inline void add_block(const Source (&tiles)[kTiles], const BlockOf256* const (&rows)[kRows],
                                             typename V::Floats (&acc)[kRows][kTiles]) {
  typename V::Ints totals[kRows][kTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) totals[r][t] = V::zeros();
  const auto add_part = [&](int part) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) tiles[t].template fetch_ahead<8, kFetchLocality>(part);
    if constexpr (groups_of(W) == 16) {
      const auto first = [&](int t) __attribute__((always_inline)) { return tiles[t].group_scale(part * 2); };
      const auto second = [&](int t) __attribute__((always_inline)) { return tiles[t].group_scale(part * 2 + 1); };
      add_products<V, W, 0, 4>(tiles, rows, part, first, totals);
      add_products<V, W, 4, 4>(tiles, rows, part, second, totals);
    } else if constexpr (groups_of(W) == 8) {
      const auto scale = [&](int t) __attribute__((always_inline)) { return tiles[t].group_scale(part); };
      add_products<V, W, 0, 8>(tiles, rows, part, scale, totals);
    } else {
      const auto one = [](int) __attribute__((always_inline)) { return V::all_16(1); };
      add_products<V, W, 0, 8>(tiles, rows, part, one, totals);
    }
  };
  if constexpr (kRows == 1) {  // the work is taking weights apart, which is less with constant parts
#pragma GCC unroll 8
    for (int part = 0; part < 8; ++part) {
      // PERF: nothing moves across this. The compiler would put the prefetches of all parts in a row, more than the CPU can
      // have on their way, and the weights of this block would wait behind them.
      asm volatile("");
      add_part(part);
    }
  } else {
#pragma GCC unroll 1
    for (int part = 0; part < 8; ++part) add_part(part);
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) {
      typename V::Ints sums;
      if constexpr (has_sum_factors<V>(W)) sums = weighted_sums<V, W>(tiles[t], *rows[r]);
      if constexpr (quant_offset<V>(W) != 0) totals[r][t] = without_offset<V, W>(totals[r][t], sums);
      const auto a = V::all(rows[r]->scale);
      acc[r][t] = V::fma(V::mul(tiles[t].scale(), a), V::to_floats(totals[r][t]), acc[r][t]);
      if constexpr (with_minimum(W))
        acc[r][t] = V::fnma(V::mul(tiles[t].minimum(), a), V::to_floats(sums), acc[r][t]);
    }
}

template <WeightType W>
struct RowBlockOf {
  using Type = BlockOf32;
};
template <WeightType W>
  requires(is_k(W))
struct RowBlockOf<W> {
  using Type = BlockOf256;
};
template <WeightType W>
using RowBlock = typename RowBlockOf<W>::Type;

/// Where the blocks of consecutive tiles are.
template <class V, WeightType W>
struct PackedTiles {
  static constexpr uint32_t N = V::kOutputs;
  static constexpr BlockLayout kLayout = block_layout(W);
  const std::byte* bodies;  ///< of the first tile
  size_t halves;            ///< bytes from a tile's bodies to its halves
  size_t next_tile;         ///< bytes
  size_t ahead;             ///< bytes to the tiles that come after those of the call

  [[gnu::always_inline]] PackedBlock<V, W> at(uint32_t tile, uint32_t block) const {
    const std::byte* body = bodies + tile * next_tile;
    return {body + size_t{block} * kLayout.body_words * 4 * N, body + halves + size_t{block} * kLayout.halves * 2 * N, ahead};
  }
};

template <class V, WeightType W>
[[gnu::always_inline]] inline const std::byte* tile_of(const PackedWeight& weight, uint32_t index) {
  return weight.data + index * tile_bytes<V::kOutputs>(W, weight.inputs);
}

/// The tiles from `index` on, from block `first` on; meanwhile the tiles `ahead` further are asked for.
template <class V, WeightType W>
[[gnu::always_inline]] inline PackedTiles<V, W> packed_tiles(const PackedWeight& weight, uint32_t index, uint32_t first, uint32_t ahead) {
  constexpr uint32_t N = V::kOutputs;
  constexpr BlockLayout kLayout = block_layout(W);
  const size_t bodies = size_t{first} * kLayout.body_words * 4 * N;
  const size_t halves = tile_body_bytes<N>(W, weight.inputs) + size_t{first} * kLayout.halves * 2 * N;
  const size_t next = tile_bytes<N>(W, weight.inputs);
  return {tile_of<V, W>(weight, index) + bodies, halves - bodies, next, ahead * next};
}

/// Blocks first … first + blocks − 1 of one tile or two into a panel of expanded blocks, each by kExpand.
template <class V, WeightType W, auto kExpand, class Panel>
[[gnu::always_inline]] inline void expand_panel(const PackedWeight& weight, uint32_t index, uint32_t tiles, uint32_t first,
                                                uint32_t blocks, Panel& panel) {
  const PackedTiles<V, W> from = packed_tiles<V, W>(weight, index, first, 0);
  for (uint32_t t = 0; t < tiles; ++t)
    for (uint32_t b = 0; b < blocks; ++b) kExpand(from.at(t, b), panel[t][b]);
}

template <class V, WeightType W>
struct ExpandedTiles {
  const ExpandedBlock<V, W>* first;
  uint32_t next_tile;  ///< blocks

  [[gnu::always_inline]] ExpandedSource<V, W> at(uint32_t tile, uint32_t block) const {
    return {first + tile * next_tile + block};
  }
};

/// Adds `blocks` blocks to sums[r][t · N + lane], `sums_stride` floats a row.
template <class V, WeightType W, int kRows, int kTiles, class Tiles>
[[gnu::noinline]] void add_blocks(Tiles from, const std::byte* first_row, size_t row_stride, uint32_t blocks,
                                  float* sums, uint32_t sums_stride) {
  const RowBlock<W>* rows[kRows];
  typename V::Floats acc[kRows][kTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    rows[r] = reinterpret_cast<const RowBlock<W>*>(first_row + r * row_stride);
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) acc[r][t] = V::load_floats(sums + r * sums_stride + t * V::kOutputs);
  }
#pragma GCC unroll 1
  for (uint32_t b = 0; b < blocks; ++b) {
    decltype(from.at(0, 0)) tiles[kTiles];
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) tiles[t] = from.at(t, b);
    add_block<V, W>(tiles, rows, acc);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) ++rows[r];
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) V::store_floats(sums + r * sums_stride + t * V::kOutputs, acc[r][t]);
}

}  // namespace
}  // namespace headrace::kernels
