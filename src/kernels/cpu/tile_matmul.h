#pragma once

#include <cstring>

#include "kernels/cpu/tile_sums.h"

namespace headrace::kernels {
namespace {

using Gate = void(const float* up, uint32_t count, float* out);

/// The vectors of an instruction set with the gates of a tier: what the tier's products are made of.
template <class Vectors, Gate* kSiluGate, Gate* kGeluGate>
struct MatmulVectors : Vectors {
  static constexpr Gate* silu_gate = kSiluGate;
  static constexpr Gate* gelu_gate = kGeluGate;
};

template <int kValue>
struct Constant {
  [[gnu::always_inline]] constexpr operator int() const { return kValue; }
};

/// Rows whose sums are held at once: weights are expanded once for so many.
constexpr uint32_t kRowsAtOnce = 64;
/// Rows of one pass over packed weights: taking these apart needs registers.
template <class V>
constexpr uint32_t kPackedSide = V::kDotProduct && V::kOutputs == 16 ? V::kLongestSide : 4;
/// Fewer rows than this read the packed weights as they lie. PERF: beside dot products of whole registers, taking
/// the simple types apart at each pass is free (other ports do it); the K types need more.
template <class V>
constexpr uint32_t rows_to_expand_for(WeightType type) {
  if (V::kDotProduct && V::kOutputs == 16) return is_k(type) ? 9 : kRowsAtOnce + 1;
  return is_k(type) ? 5 : 9;
}
/// Tiles of a pass. PERF: for one row more of them would be more streams from memory, and slower (docs/design/0002).
constexpr uint32_t kTilesAtOnce = 2;

/// sums += addend, in whole vectors and then one by one.
template <class V>
[[gnu::always_inline]] inline void add_to(const float* addend, uint32_t count, float* sums) {
  uint32_t i = 0;
  for (; i + V::kOutputs <= count; i += V::kOutputs)
    V::store_floats(sums + i, V::add(V::load_floats(sums + i), V::load_floats(addend + i)));
  for (; i < count; ++i) sums[i] += addend[i];
}

template <class V>
[[gnu::always_inline]] inline void copy_to(const float* sums, uint32_t count, float* out) {
  uint32_t i = 0;
  for (; i + V::kOutputs <= count; i += V::kOutputs) V::store_floats(out + i, V::load_floats(sums + i));
  for (; i < count; ++i) out[i] = sums[i];
}

/// Finished sums to their place: columns [first, first + count) of rows [row, row + rows).
template <class V>
void finish(const MatmulArgs& args, uint32_t row, uint32_t rows, uint32_t first, uint32_t count, float* sums,
            const float* up_sums, uint32_t stride) {
  for (uint32_t r = 0; r < rows; ++r, sums += stride, up_sums += stride) {
    float* out = args.out + (row + r) * args.out_stride + first;
    if (args.bias != nullptr) add_to<V>(args.bias + first, count, sums);
    switch (args.epilogue) {
      case Epilogue::Store: break;
      case Epilogue::Add: add_to<V>(out, count, sums); break;
      case Epilogue::SiluGate: V::silu_gate(up_sums, count, sums); break;
      case Epilogue::GeluGate: V::gelu_gate(up_sums, count, sums); break;
    }
    copy_to<V>(sums, count, out);
  }
}

[[gnu::always_inline]] inline bool is_gated(const MatmulArgs& args) {
  return args.epilogue == Epilogue::SiluGate || args.epilogue == Epilogue::GeluGate;
}

[[gnu::always_inline]] inline uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/// Calls add(a constant) for the count that holds, 1 … kMost.
template <int kMost, class Function>
[[gnu::always_inline]] inline void with_count(uint32_t count, Function add) {
  if constexpr (kMost > 1) {
    if (count != kMost) return with_count<kMost - 1>(count, add);
  }
  add(Constant<kMost>{});
}

/// Brings the weights that come next into the cache, a part at each step of the work before them.
struct FetchAhead {
  const std::byte* from;
  size_t bytes;
  uint32_t steps;

  [[gnu::always_inline]] void fetch(uint32_t step) const {
    const std::byte* end = from + bytes * (step + 1) / steps;
    for (const std::byte* line = from + bytes * step / steps / 64 * 64; line < end; line += 64)
      __builtin_prefetch(line, 0, 2);
  }
};

// Quantised weights -----------------------------------------------------------

/// The sums of one matrix: rows of activations against consecutive tiles.
template <class V, WeightType W>
struct QuantizedSums {
  static constexpr uint32_t N = V::kOutputs;
  static constexpr BlockLayout kLayout = block_layout(W);

  /// Blocks of two tiles that all rows pass over before the next ones: they stay in the L1 cache meanwhile.
  static constexpr uint32_t kPackedBlocks = 24576 / N / kLayout.width;

  /// 1 to kRowsAtOnce rows × one or two tiles, straight from the packed matrix at each pass. With `first_time` the
  /// first pass asks for the tiles that come next.
  static void packed_rows(const PackedWeight& weight, uint32_t index, uint32_t tiles, const std::byte* rows,
                          size_t row_stride, uint32_t count, bool first_time, float* sums) {
    std::memset(sums, 0, count * 2 * N * sizeof(float));
    const uint32_t all_blocks = weight.inputs / kLayout.width;
    const uint32_t passes = (count + kPackedSide<V> - 1) / kPackedSide<V>;
    for (uint32_t first = 0; first < all_blocks; first += kPackedBlocks) {
      const uint32_t blocks = smaller(kPackedBlocks, all_blocks - first);
      const std::byte* values = rows + first * sizeof(RowBlock<W>);
      for (uint32_t pass = 0, r = 0; pass < passes; ++pass) {
        const uint32_t height = (count - r + passes - pass - 1) / (passes - pass);
        const auto from = packed_tiles<V, W>(weight, index, first, first_time && pass == 0 ? tiles : 0);
        with_count<kPackedSide<V>>(height, [&](auto rows_now) __attribute__((always_inline)) {
          if (tiles == 2)
            add_blocks<V, W, rows_now, 2>(from, values + r * row_stride, row_stride, blocks, sums + r * 2 * N, 2 * N);
          else
            add_blocks<V, W, rows_now, 1>(from, values + r * row_stride, row_stride, blocks, sums + r * 2 * N, 2 * N);
        });
        r += height;
      }
    }
  }

  /// Blocks expanded at once: of two tiles they take 12 KB and their scales, and share the L1 cache
  /// with the rows.
  static constexpr bool kExpands = rows_to_expand_for<V>(W) <= kRowsAtOnce;
  static constexpr uint32_t kPanelBlocks = kExpands ? 6144 / N / kLayout.width : 1;
  using Panel = ExpandedBlock<V, W>[2][kPanelBlocks];

  /// 9 to kRowsAtOnce rows × two tiles, of which a missing second one gives sums that nobody reads.
  static void many_rows(const PackedWeight& weight, uint32_t index, uint32_t tiles, const std::byte* rows,
                        size_t row_stride, uint32_t count, bool first_time, Panel& panel, float* sums) {
    std::memset(sums, 0, count * 2 * N * sizeof(float));
    const uint32_t all_blocks = weight.inputs / kLayout.width;
    const uint32_t passes = (count + V::kLongestSide - 1) / V::kLongestSide;
    const uint32_t panels = (all_blocks + kPanelBlocks - 1) / kPanelBlocks;
    const FetchAhead ahead{tile_of<V, W>(weight, index + tiles), tiles * tile_bytes<N>(W, weight.inputs), panels * passes};
    uint32_t step = 0;
    for (uint32_t first = 0; first < all_blocks; first += kPanelBlocks) {
      const uint32_t blocks = smaller(kPanelBlocks, all_blocks - first);
      expand_panel<V, W, expand<V, W>>(weight, index, tiles, first, blocks, panel);
      const ExpandedTiles<V, W> from{panel[0], kPanelBlocks};
      const std::byte* values = rows + first * sizeof(RowBlock<W>);
      for (uint32_t pass = 0, r = 0; pass < passes; ++pass, ++step) {
        if (first_time) ahead.fetch(step);
        const uint32_t height = (count - r + passes - pass - 1) / (passes - pass);
        with_count<V::kLongestSide>(height, [&](auto rows_now) __attribute__((always_inline)) {
          add_blocks<V, W, rows_now, 2>(from, values + r * row_stride, row_stride, blocks, sums + r * 2 * N, 2 * N);
        });
        r += height;
      }
    }
  }
};

template <class V, WeightType W>
void matmul_quantized(const MatmulArgs& args) {
  using Sums = QuantizedSums<V, W>;
  constexpr uint32_t N = V::kOutputs;
  alignas(64) float sums[2][kRowsAtOnce * 2 * N];
  alignas(64) typename Sums::Panel panel;
  const uint32_t last_tile = (args.last_output + N - 1) / N;
  const bool odd = (last_tile - args.first_output / N) % 2 != 0;
  if (Sums::kExpands && odd && args.rows >= rows_to_expand_for<V>(W)) std::memset(static_cast<void*>(&panel[1]), 0, sizeof(panel[1]));
  for (uint32_t row = 0; row < args.rows; row += kRowsAtOnce) {
    const uint32_t rows = smaller(kRowsAtOnce, args.rows - row);
    const std::byte* values = args.activations + row * args.activation_stride;
    for (uint32_t tile = args.first_output / N; tile < last_tile; tile += kTilesAtOnce) {
      const uint32_t tiles = smaller(kTilesAtOnce, last_tile - tile);
      for (uint32_t matrix = 0; matrix < (is_gated(args) ? 2 : 1); ++matrix) {
        const PackedWeight& weight = matrix == 0 ? args.weight : args.weight_up;
        if (!Sums::kExpands || rows < rows_to_expand_for<V>(W))
          Sums::packed_rows(weight, tile, tiles, values, args.activation_stride, rows, row == 0, sums[matrix]);
        else if constexpr (Sums::kExpands)
          Sums::many_rows(weight, tile, tiles, values, args.activation_stride, rows, row == 0, panel, sums[matrix]);
      }
      finish<V>(args, row, rows, tile * N, smaller(tiles * N, args.last_output - tile * N), sums[0], sums[1],
                kTilesAtOnce * N);
    }
  }
}

// F32 and F16 weights -----------------------------------------------------------------

template <class V, WeightType W>
[[gnu::always_inline]] inline typename V::Floats load_weights(const std::byte* at) {
  if constexpr (W == WeightType::F32) return V::load_floats(at);
  else return V::load_halves(at);
}

template <class V, WeightType W, int kRows, int kTiles>
[[gnu::noinline]] void float_sums(const PackedWeight& weight, uint32_t tile, const std::byte* first_row, size_t row_stride, float* sums,
                uint32_t stride) {
  constexpr uint32_t N = V::kOutputs;
  const size_t next_tile = tile_bytes<N>(W, weight.inputs);
  const std::byte* weights = weight.data + tile * next_tile;
  typename V::Floats acc[kRows][kTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) acc[r][t] = V::all(0.0f);
#pragma GCC unroll 1
  for (uint32_t i = 0; i < weight.inputs; ++i, weights += N * float_bytes(W)) {
    typename V::Floats lanes[kTiles];
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) lanes[t] = load_weights<V, W>(weights + t * next_tile);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const auto value = V::all(reinterpret_cast<const float*>(first_row + r * row_stride)[i]);
#pragma GCC unroll 4
      for (int t = 0; t < kTiles; ++t) acc[r][t] = V::fma(lanes[t], value, acc[r][t]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int t = 0; t < kTiles; ++t) V::store_floats(sums + r * stride + t * N, acc[r][t]);
}

template <class V, WeightType W>
void matmul_floats_of(const MatmulArgs& args) {
  constexpr uint32_t N = V::kOutputs;
  alignas(64) float sums[2][V::kLongestSide * 4 * N];
  const uint32_t last_tile = (args.last_output + N - 1) / N;
  for (uint32_t tile = args.first_output / N, tiles; tile < last_tile; tile += tiles) {
    tiles = args.rows == 1 && last_tile - tile >= 4 ? 4 : smaller(2, last_tile - tile);
    for (uint32_t row = 0; row < args.rows; row += V::kLongestSide) {
      const uint32_t rows = smaller(V::kLongestSide, args.rows - row);
      for (uint32_t matrix = 0; matrix < (is_gated(args) ? 2 : 1); ++matrix) {
        const PackedWeight& weight = matrix == 0 ? args.weight : args.weight_up;
        const std::byte* values = args.activations + row * args.activation_stride;
        if (tiles == 4) float_sums<V, W, 1, 4>(weight, tile, values, 0, sums[matrix], 4 * N);
        else
          with_count<V::kLongestSide>(rows, [&](auto height) __attribute__((always_inline)) {
            if (tiles == 2) float_sums<V, W, height, 2>(weight, tile, values, args.activation_stride, sums[matrix], 4 * N);
            else float_sums<V, W, height, 1>(weight, tile, values, args.activation_stride, sums[matrix], 4 * N);
          });
      }
      finish<V>(args, row, rows, tile * N, smaller(tiles * N, args.last_output - tile * N), sums[0], sums[1], 4 * N);
    }
  }
}

/// The products of all types of a family.
template <class V, WeightFamily F>
void matmul_family(const MatmulArgs& args) {
  with_type(args.weight.type, [&]<WeightType W>() __attribute__((always_inline)) {
    if constexpr (W == WeightType::BF16) return;  // matmul_bfloats
    else if constexpr (family_of(W) == F && F == WeightFamily::Floats) matmul_floats_of<V, W>(args);
    else if constexpr (family_of(W) == F) matmul_quantized<V, packed_as(W)>(args);
  });
}

}  // namespace
}  // namespace headrace::kernels
