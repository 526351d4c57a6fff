#pragma once

#include <xmmintrin.h>

#include <cstring>

#include "kernels/cpu/tile_matmul.h"

namespace headrace::kernels {
namespace {

// BF16 weights × activations that were rounded to bfloat16, in the order of vdpbf16ps: two inputs at a time, the
// second before the first, subnormals as zeros (docs/design/0012). B is an instruction set V with
//   kPairBytes                 bytes of two activations of a row
//   Weights                    two inputs of every output, as load_pair gives them
//   add_pair(sum, w, values)   sum + w · values
//   begin_flushing, end_flushing  between them add_pair treats subnormals as zeros

/// add_pair by two fma; activations are f32 that have been rounded.
template <class V>
struct BfloatByFma : V {
  static constexpr size_t kPairBytes = 8;
  struct Weights {
    typename V::Floats first, second;
  };
  [[gnu::always_inline]] static Weights load_pair(const std::byte* at) {
    const auto words = V::load(at);
    return {V::as_floats(V::left_32(words, 16)), V::as_floats(V::both(words, V::all_words(&kHighHalf)))};
  }
  [[gnu::always_inline]] static typename V::Floats add_pair(typename V::Floats sum, Weights weights, const std::byte* values) {
    const auto* pair = reinterpret_cast<const float*>(values);
    return V::fma(weights.first, V::all(pair[0]), V::fma(weights.second, V::all(pair[1]), sum));
  }

  /// Has the CPU flush the subnormals that fma reads and makes, until it is told to go on as before. (No object that
  /// does it when it goes: the tier's code would have a handler for it linked.)
  [[gnu::always_inline]] static unsigned begin_flushing() {
    constexpr unsigned kFlush = 0x8040;  // FTZ and DAZ
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | kFlush);
    return before;
  }
  [[gnu::always_inline]] static void end_flushing(unsigned before) { _mm_setcsr(before); }

 private:
  static constexpr uint32_t kHighHalf = 0xffff0000u;
};

/// Pairs of two tiles that all rows pass over before the next ones: they stay in the L1 cache meanwhile.
template <class B>
constexpr uint32_t kBfloatPairs = 2048 / B::kOutputs;

/// Tiles of a pass. PERF: two fma wait for each other, so that narrow registers need more tiles to be busy with one row;
/// with wide ones more tiles would be more streams from memory.
template <class B>
constexpr uint32_t kTilesOfOneRow = 32 / B::kOutputs;
/// Floats from one row of sums to the next.
template <class B>
constexpr uint32_t kBfloatStride = (kTilesOfOneRow<B> > 2 ? kTilesOfOneRow<B> : 2) * B::kOutputs;

/// sums[r][t] += the products of `pairs` pairs; meanwhile the weights `ahead` bytes further are asked
/// for, unless that is 0. Not inlined, so that nothing of it moves to before begin_flushing or after end_flushing.
template <class B, int kRows, int kTiles>
[[gnu::noinline]] void add_pairs(const std::byte* weights, size_t next_tile, const std::byte* first_row, size_t row_stride,
                                 uint32_t pairs, size_t ahead, float* sums) {
  constexpr uint32_t N = B::kOutputs, stride = kBfloatStride<B>;
  typename B::Floats acc[kRows][kTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) acc[r][t] = B::load_floats(sums + r * stride + t * N);
#pragma GCC unroll 1
  for (uint32_t p = 0; p < pairs; ++p, weights += N * 4, first_row += B::kPairBytes) {
    typename B::Weights lanes[kTiles];
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) {
      if (ahead != 0) __builtin_prefetch(weights + t * next_tile + ahead, 0, 2);
      lanes[t] = B::load_pair(weights + t * next_tile);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int t = 0; t < kTiles; ++t) acc[r][t] = B::add_pair(acc[r][t], lanes[t], first_row + r * row_stride);
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) B::store_floats(sums + r * stride + t * N, acc[r][t]);
}

/// The sums of 1 to kRowsAtOnce rows × `tiles` tiles: one or two, or kTilesOfOneRow. With `first_time` the first of
/// several passes asks for the tiles that come next. Not inlined, so that nothing else is flushed.
template <class B>
[[gnu::noinline]] void bfloat_sums(const PackedWeight& weight, uint32_t tile, uint32_t tiles, const std::byte* rows, size_t row_stride,
                 uint32_t count, bool first_time, float* sums) {
  constexpr uint32_t N = B::kOutputs;
  std::memset(sums, 0, count * kBfloatStride<B> * sizeof(float));
  const size_t next_tile = tile_bytes<N>(WeightType::BF16, weight.inputs);
  const std::byte* weights = weight.data + tile * next_tile;
  const uint32_t all_pairs = (weight.inputs + 1) / 2;
  const uint32_t passes = (count + B::kLongestSide - 1) / B::kLongestSide;
  const uint32_t at_once = passes == 1 ? all_pairs : kBfloatPairs<B>;
  const unsigned before = B::begin_flushing();
  for (uint32_t first = 0; first < all_pairs; first += at_once) {
    const uint32_t pairs = smaller(at_once, all_pairs - first);
    const std::byte* lanes = weights + size_t{first} * N * 4;
    for (uint32_t pass = 0, r = 0; pass < passes; ++pass) {
      const uint32_t height = (count - r + passes - pass - 1) / (passes - pass);
      const std::byte* values = rows + r * row_stride + first * B::kPairBytes;
      // PERF: where there is one pass only, memory is read in order and as fast as it goes without being asked.
      const size_t ahead = first_time && pass == 0 && passes > 1 ? tiles * next_tile : 0;
      float* to = sums + r * kBfloatStride<B>;
      if (tiles > 2) add_pairs<B, 1, kTilesOfOneRow<B>>(lanes, next_tile, values, row_stride, pairs, ahead, to);
      else
        with_count<B::kLongestSide>(height, [&](auto rows_now) __attribute__((always_inline)) {
          if (tiles == 2) add_pairs<B, rows_now, 2>(lanes, next_tile, values, row_stride, pairs, ahead, to);
          else add_pairs<B, rows_now, 1>(lanes, next_tile, values, row_stride, pairs, ahead, to);
        });
      r += height;
    }
  }
  B::end_flushing(before);
}

template <class B>
void matmul_bfloats(const MatmulArgs& args) {
  constexpr uint32_t N = B::kOutputs;
  alignas(64) float sums[2][kRowsAtOnce * kBfloatStride<B>];
  const uint32_t last_tile = (args.last_output + N - 1) / N;
  for (uint32_t row = 0; row < args.rows; row += kRowsAtOnce) {
    const uint32_t rows = smaller(kRowsAtOnce, args.rows - row);
    const std::byte* values = args.activations + row * args.activation_stride;
    for (uint32_t tile = args.first_output / N, tiles; tile < last_tile; tile += tiles) {
      tiles = rows == 1 && last_tile - tile >= kTilesOfOneRow<B> ? kTilesOfOneRow<B> : smaller(kTilesAtOnce, last_tile - tile);
      for (uint32_t matrix = 0; matrix < (is_gated(args) ? 2 : 1); ++matrix)
        bfloat_sums<B>(matrix == 0 ? args.weight : args.weight_up, tile, tiles, values, args.activation_stride, rows, row == 0,
                       sums[matrix]);
      finish<B>(args, row, rows, tile * N, smaller(tiles * N, args.last_output - tile * N), sums[0], sums[1], kBfloatStride<B>);
    }
  }
}

}  // namespace
}  // namespace headrace::kernels
