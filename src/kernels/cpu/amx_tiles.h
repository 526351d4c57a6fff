#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/amx_intrinsics.h"

namespace headrace::kernels {
namespace {

// The tile registers: 0–3 hold sums of products, rows × 16 outputs of 32 bits; 4 and 5 activations,
// rows × inputs; 6 and 7 weights, (inputs / 4) × 16 outputs of four bytes. Their numbers are a part of the
// instructions, so they must be literals.

/// Rows of a tile register.
constexpr uint32_t kTileRows = 16;

/// What ldtilecfg loads.
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileShapes) == 64);

/// The intrinsics do not tell the compiler that they read memory: what is written before this is there for
/// those after it, and what they read before it stays as it is until then.
[[gnu::always_inline]] inline void keep_order(const void* memory) { __asm__ volatile("" ::"r"(memory) : "memory"); }

/// Shapes the registers of this thread for products of `rows` rows and `inputs` inputs (32 or 64), until
/// _tile_release().
inline void shape_tiles(uint32_t rows, uint32_t inputs) {
  TileShapes shapes;
  for (int tile = 0; tile < 8; ++tile) {
    const bool weights = tile >= 6, activations = tile == 4 || tile == 5;
    shapes.rows[tile] = static_cast<uint8_t>(weights ? inputs / 4 : rows);
    shapes.row_bytes[tile] = static_cast<uint16_t>(activations ? inputs : 64);
  }
  keep_order(&shapes);
  _tile_loadconfig(&shapes);
  keep_order(&shapes);
}

/// The sums of products of one tile register.
struct alignas(64) TileSums {
  int32_t rows[kTileRows][16];
};

/// Adds values × the 64 inputs of two tiles of outputs, whose weights are given by their low bytes and their
/// high ones: the sums of the low bytes to registers 0 and 2, those of the high bytes to 1 and 3. The registers of
/// activations alternate, so that those of a step can be loaded before the products of the one before it are done.
#define HEADRACE_MULTIPLY_64(VALUES)         \
  _tile_loadd(VALUES, values, value_stride); \
  _tile_loadd(6, low, 64);                   \
  _tile_dpbsud(0, VALUES, 6);                \
  _tile_loadd(7, high, 64);                  \
  _tile_dpbssd(1, VALUES, 7);                \
  _tile_loadd(6, next_low, 64);              \
  _tile_dpbsud(2, VALUES, 6);                \
  _tile_loadd(7, next_high, 64);             \
  _tile_dpbssd(3, VALUES, 7)

[[gnu::always_inline]] inline void multiply_64(uint32_t step, const std::byte* values, size_t value_stride, const void* low,
                                               const void* high, const void* next_low, const void* next_high) {
  if (step % 2 == 0) {
    HEADRACE_MULTIPLY_64(4);
  } else {
    HEADRACE_MULTIPLY_64(5);
  }
}

[[gnu::always_inline]] inline void clear_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

[[gnu::always_inline]] inline void store_sums(TileSums* to) {
  _tile_stored(0, to[0].rows, 64);
  _tile_stored(1, to[1].rows, 64);
  _tile_stored(2, to[2].rows, 64);
  _tile_stored(3, to[3].rows, 64);
}

#undef HEADRACE_MULTIPLY_64

}  // namespace
}  // namespace headrace::kernels
