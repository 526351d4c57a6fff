#include "kernels/cpu/amx_matmul.h"

namespace headrace::kernels::HEADRACE_AMX {
namespace {

constexpr uint32_t kOutputs = AmxVectors::kOutputs;
/// Bytes of a block of 32 inputs: of a row of activations, and of a tile of weights.
constexpr size_t kValueBytes = kBfloatBlock * 2;
constexpr size_t kWeightBytes = kBfloatBlock * 2 * kOutputs;
/// Bytes from one row of sums to the next.
constexpr size_t kSumBytes = 2 * kOutputs * sizeof(float);

/// Two tiles of outputs, and the weights that come after them, which may be asked for.
struct BfloatTiles {
  const std::byte* first;
  const std::byte* second;
  uint32_t blocks;
  FetchAhead ahead;  // of no steps: nothing is asked for

  [[gnu::always_inline]] void fetch(uint32_t block) const {
    if (ahead.steps != 0) ahead.fetch(block);
  }
};

/// The sums of as many rows as the registers are shaped for.
[[gnu::noinline]] void sum_rows(const BfloatTiles& tiles, const std::byte* values, size_t stride, float* sums) {
  keep_order(values);
  _tile_zero(0);
  _tile_zero(1);
  for (uint32_t b = 0; b < tiles.blocks; ++b) {
    tiles.fetch(b);
    _tile_loadd(4, values + b * kValueBytes, stride);
    _tile_loadd(6, tiles.first + b * kWeightBytes, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, tiles.second + b * kWeightBytes, 64);
    _tile_dpbf16ps(1, 4, 7);
  }
  _tile_stored(0, sums, kSumBytes);
  _tile_stored(1, sums + kOutputs, kSumBytes);
  keep_order(sums);
}

/// The same for twice as many rows, the second half `later` rows after the first.
[[gnu::noinline]] void sum_twice_the_rows(const BfloatTiles& tiles, const std::byte* values, size_t stride, uint32_t later, float* sums) {
  const std::byte* later_values = values + later * stride;
  float* later_sums = sums + later * 2 * kOutputs;
  keep_order(values);
  clear_sums();
  for (uint32_t b = 0; b < tiles.blocks; ++b) {
    tiles.fetch(b);
    _tile_loadd(4, values + b * kValueBytes, stride);
    _tile_loadd(6, tiles.first + b * kWeightBytes, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, tiles.second + b * kWeightBytes, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, later_values + b * kValueBytes, stride);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, kSumBytes);
  _tile_stored(1, sums + kOutputs, kSumBytes);
  _tile_stored(2, later_sums, kSumBytes);
  _tile_stored(3, later_sums + kOutputs, kSumBytes);
  keep_order(sums);
}

/// Rows that share a set of shapes: `passes` times `height`, the last ones beginning early enough to have as many.
struct SharedRows {
  uint32_t rows, passes, height;

  explicit SharedRows(uint32_t count) : rows(count), passes((count + kTileRows - 1) / kTileRows), height((count + passes - 1) / passes) {}
  uint32_t first(uint32_t pass) const { return smaller(pass * height, rows - height); }
};

void sum_all_rows(const PackedWeight& weight, uint32_t tile, uint32_t tiles, const SharedRows& rows, const std::byte* values,
                  size_t stride, bool first_time, float* sums) {
  const size_t next_tile = tile_bytes<kOutputs>(WeightType::BF16, weight.inputs);
  const std::byte* first = weight.data + tile * next_tile;
  // Instead of a missing second tile the first one is done twice, and nobody reads the sums.
  BfloatTiles from{first, first + (tiles - 1) * next_tile, (weight.inputs + kBfloatBlock - 1) / kBfloatBlock, {}};
  if (first_time) from.ahead = {first + tiles * next_tile, tiles * next_tile, from.blocks};
  for (uint32_t pass = 0; pass < rows.passes; pass += 2) {
    const uint32_t row = rows.first(pass);
    float* to = sums + row * 2 * kOutputs;
    if (pass + 1 < rows.passes) sum_twice_the_rows(from, values + row * stride, stride, rows.first(pass + 1) - row, to);
    else sum_rows(from, values + row * stride, stride, to);
    from.ahead.steps = 0;
  }
}

void matmul_bfloats_by_tiles(const MatmulArgs& args) {
  alignas(64) float sums[2][kRowsOfAmx * 2 * kOutputs];
  const uint32_t last_tile = (args.last_output + kOutputs - 1) / kOutputs;
  for (uint32_t row = 0; row < args.rows; row += kRowsOfAmx) {
    const SharedRows rows(smaller(kRowsOfAmx, args.rows - row));
    shape_tiles(rows.height, kValueBytes);
    const std::byte* values = args.activations + row * args.activation_stride;
    for (uint32_t tile = args.first_output / kOutputs; tile < last_tile; tile += kTilesAtOnce) {
      const uint32_t tiles = smaller(kTilesAtOnce, last_tile - tile);
      for (uint32_t matrix = 0; matrix < (is_gated(args) ? 2 : 1); ++matrix)
        sum_all_rows(matrix == 0 ? args.weight : args.weight_up, tile, tiles, rows, values, args.activation_stride, row == 0,
                     sums[matrix]);
      const uint32_t first = tile * kOutputs;
      finish<AmxVectors>(args, row, rows.rows, first, smaller(tiles * kOutputs, args.last_output - first), sums[0], sums[1], 2 * kOutputs);
    }
    _tile_release();
  }
}

}  // namespace

void matmul_bf16(const MatmulArgs& args) {
  if (args.weight.type != WeightType::BF16) return matmul(args);
  matmul_bfloats_by_tiles(args);
}

uint64_t probe_products_bf16(WeightType type, uint32_t blocks) {
  if (type != WeightType::BF16) return probe_products(type, blocks);
  // 32 rows × two tiles × 256 inputs that stay in the L1 cache; a "block" is that.
  constexpr uint32_t kInputs = 256, kRows = 2 * kTileRows;
  alignas(64) static constexpr std::byte kWeights[2 * kInputs / kBfloatBlock * kWeightBytes] = {};
  alignas(64) std::byte values[kRows * kInputs * 2] = {};
  alignas(64) float sums[kRows * 2 * kOutputs];
  const BfloatTiles tiles{kWeights, kWeights + sizeof kWeights / 2, kInputs / kBfloatBlock, {}};
  shape_tiles(kTileRows, kValueBytes);
  for (uint32_t b = 0; b < blocks; ++b) sum_twice_the_rows(tiles, values, kInputs * 2, kTileRows, sums);
  _tile_release();
  return uint64_t{blocks} * kRows * 2 * kOutputs * kInputs * 2;
}

}  // namespace headrace::kernels::HEADRACE_AMX
