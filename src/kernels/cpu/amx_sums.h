#pragma once

#include <cstring>

#include "kernels/cpu/amx_blocks.h"
#include "kernels/cpu/amx_tiles.h"
#include "kernels/cpu/tile_matmul.h"

namespace headrace::kernels {
namespace {

/// Rows whose sums are held at once: weights are expanded, which costs more than elsewhere, once for so many.
constexpr uint32_t kRowsOfAmx = 128;

/// The sums of one matrix: rows of activations against two tiles of outputs.
///
/// The work is cut into units: up to 16 rows × two tiles × a block of 256 inputs. A unit is multiplied in four
/// steps of 64 inputs; each step is followed by a quarter of the float work on the unit before, so that the tile unit
/// and the vector units have something to do at any time.
template <class V, WeightType W>
struct AmxSums {
  static constexpr uint32_t N = V::kOutputs;
  static constexpr BlockLayout kLayout = block_layout(W);
  static constexpr uint32_t kSteps = 4;
  static constexpr uint32_t kRowsOfStep = kTileRows / kSteps;
  using Block = AmxBlock<V, W>;
  /// A block of inputs of both tiles.
  using Panel = Block[2];
  /// Of a unit: for both tiles the sums of low and of high bytes.
  using Products = TileSums[4];

  struct Unit {
    const std::byte* values;  ///< of its first row; null: no unit
    uint32_t first_row;       ///< the rows before it have been done by another unit
    float* sums;              ///< of its row 0
  };

  size_t row_stride;        ///< bytes
  const std::byte* values;  ///< of the rows that are done together
  uint32_t rows;
  uint32_t passes;
  uint32_t height;  ///< rows of a unit, as even as can be; the last one begins early enough to have as many
  Panel panel;
  Products products[2];

  void take_rows(const std::byte* first, uint32_t count) {
    values = first;
    rows = count;
    passes = (rows + kTileRows - 1) / kTileRows;
    height = (rows + passes - 1) / passes;
  }

  Unit unit(uint32_t pass, uint32_t block, float* sums) const {
    const uint32_t wanted = pass * height;
    const uint32_t row = smaller(wanted, rows - height);
    return {values + row * row_stride + block * sizeof(RowBlock<W>), wanted - row, sums + row * 2 * N};
  }

  [[gnu::always_inline]] void multiply(const Unit& unit, uint32_t step, TileSums* to) const {
    if (unit.values == nullptr) return;
    const uint32_t first = step * 16;
    if (step == 0) clear_sums();
    multiply_64(step, unit.values + step * 64, row_stride, panel[0].low + first, panel[0].high + first, panel[1].low + first,
                panel[1].high + first);
    if (step == kSteps - 1) store_sums(to);
  }

  /// acc[r][t] after the unit's block.
  template <int kRows>
  [[gnu::always_inline]] void add_block(const TileSums* products, uint32_t row, const BlockOf256* const (&rows)[kRows],
                                        typename V::Floats (&acc)[kRows][2]) const {
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
      for (int t = 0; t < 2; ++t) {
        const Block& weights = panel[t];
        const auto low = V::load(products[t * 2].rows[row + r]), high = V::load(products[t * 2 + 1].rows[row + r]);
        const auto product = V::add_32(low, V::left_32(high, 8));
        const auto a = V::all(rows[r]->scale);
        acc[r][t] = V::fma(V::mul(weights.block_scale, a), V::to_floats(product), acc[r][t]);
        if constexpr (with_minimum(W)) {
          const auto sums = weighted_sums<V, W>(weights, *rows[r]);
          acc[r][t] = V::fnma(V::mul(weights.block_minimum, a), V::to_floats(sums), acc[r][t]);
        }
      }
  }

  /// The products of rows `row` … of a unit, scaled and added to their sums.
  template <int kRows>
  [[gnu::always_inline]] void add_rows(const Unit& unit, const TileSums* products, uint32_t row) const {
    const RowBlock<W>* rows[kRows];
    typename V::Floats acc[kRows][2];
    float* sums = unit.sums + row * 2 * N;
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      rows[r] = reinterpret_cast<const RowBlock<W>*>(unit.values + (row + r) * row_stride);
#pragma GCC unroll 2
      for (int t = 0; t < 2; ++t) acc[r][t] = V::load_floats(sums + (r * 2 + t) * N);
    }
    add_block<kRows>(products, row, rows, acc);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
      for (int t = 0; t < 2; ++t) V::store_floats(sums + (r * 2 + t) * N, acc[r][t]);
  }

  /// A quarter of the rows of a unit.
  [[gnu::always_inline]] void add(const Unit& unit, uint32_t step, const TileSums* from) const {
    if (unit.values == nullptr) return;
    const uint32_t begin = step * kRowsOfStep, end = smaller(begin + kRowsOfStep, height);
    const uint32_t row = begin < unit.first_row ? unit.first_row : begin;
    if (row >= end) return;
    with_count<kRowsOfStep>(end - row, [&](auto count) __attribute__((always_inline)) {
      add_rows<count>(unit, from, row);
    });
  }

  /// The sums of the rows × tiles `index` and `index` + 1, of which a missing second one gives sums that
  /// nobody reads.
  void many_rows(const PackedWeight& weight, uint32_t index, uint32_t tiles, bool first_time, float* sums) {
    std::memset(sums, 0, rows * 2 * N * sizeof(float));
    const uint32_t blocks = weight.inputs / kLayout.width;
    const FetchAhead ahead{tile_of<V, W>(weight, index + tiles), tiles * tile_bytes<N>(W, weight.inputs), blocks * passes};
    for (uint32_t block = 0; block < blocks; ++block) {
      keep_order(panel);
      for (uint32_t t = 0; t < tiles; ++t) expand_for_amx(packed_tiles<V, W>(weight, index, block, 0).at(t, 0), panel[t]);
      keep_order(panel);
      Unit before{};
      uint32_t turn = 0;
      for (uint32_t pass = 0; pass < passes; ++pass, turn ^= 1) {
        if (first_time) ahead.fetch(block * passes + pass);
        before = next(unit(pass, block, sums), before, turn);
      }
      next(Unit{}, before, turn);
    }
  }

  /// Multiplies a unit while the one before it is added.
  [[gnu::noinline]] Unit next(const Unit& unit, const Unit& before, uint32_t turn) {
#pragma GCC unroll 1
    for (uint32_t step = 0; step < kSteps; ++step) {
      multiply(unit, step, products[turn]);
      add(before, step, products[turn ^ 1]);
    }
    return unit;
  }
};

template <class V, WeightType W>
void matmul_by_tiles(const MatmulArgs& args) {
  using Sums = AmxSums<V, W>;
  constexpr uint32_t N = V::kOutputs;
  alignas(64) float sums[2][kRowsOfAmx * 2 * N];
  Sums work;  // the panel and the products are filled before they are read
  work.row_stride = args.activation_stride;
  const uint32_t last_tile = (args.last_output + N - 1) / N;
  const bool odd = (last_tile - args.first_output / N) % 2 != 0;
  if (odd) std::memset(static_cast<void*>(&work.panel[1]), 0, sizeof work.panel[1]);
  const uint32_t parts = (args.rows + kRowsOfAmx - 1) / kRowsOfAmx;
  for (uint32_t row = 0, part = 0; part < parts; row += work.rows, ++part) {
    work.take_rows(args.activations + row * args.activation_stride, (args.rows - row) / (parts - part));
    shape_tiles(work.height, 64);
    for (uint32_t tile = args.first_output / N; tile < last_tile; tile += 2) {
      const uint32_t tiles = smaller(2, last_tile - tile);
      for (uint32_t matrix = 0; matrix < (is_gated(args) ? 2 : 1); ++matrix)
        work.many_rows(matrix == 0 ? args.weight : args.weight_up, tile, tiles, row == 0, sums[matrix]);
      finish<V>(args, row, work.rows, tile * N, smaller(tiles * N, args.last_output - tile * N), sums[0], sums[1], 2 * N);
    }
    _tile_release();
  }
}

/// The arithmetic of `blocks` blocks of two tiles for 16 rows, all of it in the L1 cache (see probe_blocks in tile_probe.h).
template <class V, WeightType W>
[[gnu::noinline]] uint64_t probe_tiles(uint32_t blocks) {
  using Sums = AmxSums<V, W>;
  constexpr uint32_t N = V::kOutputs;
  RowBlock<W> values[kTileRows] = {};
  alignas(64) float sums[kTileRows * 2 * N] = {};
  Sums work;
  std::memset(static_cast<void*>(&work.panel), 0, sizeof work.panel);
  work.row_stride = sizeof(RowBlock<W>);
  work.take_rows(reinterpret_cast<const std::byte*>(values), kTileRows);
  shape_tiles(work.height, 64);
  typename Sums::Unit before{};
  for (uint32_t b = 0; b < blocks; ++b) {
    keep_order(values);
    before = work.next(work.unit(0, 0, sums), before, b % 2);
  }
  work.next(typename Sums::Unit{}, before, blocks % 2);
  _tile_release();
  keep_order(sums);
  return uint64_t{blocks} * kTileRows * 2 * N * block_layout(W).width * 2;
}

}  // namespace
}  // namespace headrace::kernels
