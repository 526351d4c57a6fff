#pragma once

// AMX int8 and bf16 on CPUs without it, for the tests: the tile registers of a thread as plain arrays. What a CPU
// would refuse (registers without a shape, shapes that do not fit each other) ends the process, and so does
// a shape that is set while one is set: whoever shapes the registers has to release them. The names are
// macros, because the compiler's own header already declares them.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bfloat16.h"

#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbssd
#undef _tile_dpbsud
#undef _tile_dpbf16ps

namespace headrace::kernels {
namespace {

constexpr int kEmulatedTiles = 8;
constexpr int kEmulatedRows = 16;
constexpr int kEmulatedRowBytes = 64;

struct EmulatedTile {
  int rows = 0;
  int row_bytes = 0;
  uint8_t bytes[kEmulatedRows][kEmulatedRowBytes] = {};
};

struct EmulatedTiles {
  bool shaped = false;
  EmulatedTile tile[kEmulatedTiles];
};

inline thread_local EmulatedTiles emulated_tiles;

inline void emulated_demand(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "emulated AMX: %s\n", what);
  std::abort();
}

inline EmulatedTile& emulated_tile(int index) {
  emulated_demand(emulated_tiles.shaped, "no shapes are set");
  emulated_demand(index >= 0 && index < kEmulatedTiles, "no such register");
  EmulatedTile& tile = emulated_tiles.tile[index];
  emulated_demand(tile.rows > 0 && tile.row_bytes > 0, "the register has no shape");
  return tile;
}

inline void emulated_tile_release() {
  emulated_demand(emulated_tiles.shaped, "nothing to release");
  emulated_tiles = {};
}

/// 64 bytes: palette, first row, 14 zeros, 16 lengths of rows (16 bits), 16 numbers of rows (8 bits).
inline void emulated_tile_loadconfig(const void* config) {
  uint8_t bytes[64];
  std::memcpy(bytes, config, sizeof bytes);
  emulated_demand(!emulated_tiles.shaped, "shapes are set already");
  emulated_demand(bytes[0] == 1, "palette 1 is the only one");
  for (int i = 1; i < 16; ++i) emulated_demand(bytes[i] == 0, "bytes 1 to 15 must be zero");
  emulated_tiles = {};
  emulated_tiles.shaped = true;
  for (int i = 0; i < 16; ++i) {
    uint16_t row_bytes;
    std::memcpy(&row_bytes, bytes + 16 + i * 2, 2);
    const int rows = bytes[48 + i];
    if (i >= kEmulatedTiles) {
      emulated_demand(row_bytes == 0 && rows == 0, "there are eight registers");
      continue;
    }
    emulated_demand(row_bytes <= kEmulatedRowBytes && rows <= kEmulatedRows, "a register is 16 rows of 64 bytes at most");
    emulated_demand((row_bytes == 0) == (rows == 0), "a shape needs rows and their length");
    emulated_tiles.tile[i].rows = rows;
    emulated_tiles.tile[i].row_bytes = row_bytes;
  }
}

inline void emulated_tile_zero(int index) {
  EmulatedTile& tile = emulated_tile(index);
  std::memset(tile.bytes, 0, sizeof tile.bytes);
}

inline void emulated_tile_loadd(int index, const void* from, size_t stride) {
  emulated_tile_zero(index);
  EmulatedTile& tile = emulated_tile(index);
  for (int row = 0; row < tile.rows; ++row)
    std::memcpy(tile.bytes[row], static_cast<const uint8_t*>(from) + row * stride, static_cast<size_t>(tile.row_bytes));
}

inline void emulated_tile_stored(int index, void* to, size_t stride) {
  const EmulatedTile& tile = emulated_tile(index);
  for (int row = 0; row < tile.rows; ++row)
    std::memcpy(static_cast<uint8_t*>(to) + row * stride, tile.bytes[row], static_cast<size_t>(tile.row_bytes));
}

inline void emulated_demand_fit(int sums_index, int a_index, int b_index) {
  const EmulatedTile &sums = emulated_tile(sums_index), &a = emulated_tile(a_index), &b = emulated_tile(b_index);
  emulated_demand(sums_index != a_index && sums_index != b_index && a_index != b_index, "three registers are needed");
  emulated_demand(sums.rows == a.rows && sums.row_bytes == b.row_bytes && a.row_bytes == b.rows * 4 && sums.row_bytes % 4 == 0,
                  "the shapes do not fit each other");
}

/// sums[m][n] += Σ over groups k of four bytes: a[m][k] · b[k][n].
template <class ByteOfA, class ByteOfB>
void emulated_tile_dot(int sums_index, int a_index, int b_index) {
  emulated_demand_fit(sums_index, a_index, b_index);
  EmulatedTile& sums = emulated_tile(sums_index);
  const EmulatedTile &a = emulated_tile(a_index), &b = emulated_tile(b_index);
  for (int m = 0; m < sums.rows; ++m) {
    uint32_t row[kEmulatedRowBytes / 4];
    std::memcpy(row, sums.bytes[m], sizeof row);
    for (int k = 0; k < b.rows; ++k)
      for (int n = 0; n < sums.row_bytes / 4; ++n)
        for (int i = 0; i < 4; ++i)
          row[n] += static_cast<uint32_t>(static_cast<ByteOfA>(a.bytes[m][k * 4 + i]) * static_cast<ByteOfB>(b.bytes[k][n * 4 + i]));
    std::memcpy(sums.bytes[m], row, static_cast<size_t>(sums.row_bytes));
  }
}

/// sums[m][n] += the products of first elements of the pairs, added up in order from 0, + those of the second ones.
inline void emulated_tile_dot_bfloats(int sums_index, int a_index, int b_index) {
  emulated_demand_fit(sums_index, a_index, b_index);
  EmulatedTile& sums = emulated_tile(sums_index);
  const EmulatedTile &a = emulated_tile(a_index), &b = emulated_tile(b_index);
  for (int m = 0; m < sums.rows; ++m) {
    float row[kEmulatedRowBytes / 4];
    std::memcpy(row, sums.bytes[m], sizeof row);
    for (int n = 0; n < sums.row_bytes / 4; ++n) {
      float first = 0, second = 0;
      for (int k = 0; k < b.rows; ++k) {
        uint32_t left, right;
        std::memcpy(&left, a.bytes[m] + k * 4, 4);
        std::memcpy(&right, b.bytes[k] + n * 4, 4);
        first = emulated_add_product(first, left & 0xffff, right & 0xffff);
        second = emulated_add_product(second, left >> 16, right >> 16);
      }
      const float both = emulated_without_subnormals(first + second);
      row[n] = emulated_without_subnormals(emulated_without_subnormals(row[n]) + both);
    }
    std::memcpy(sums.bytes[m], row, static_cast<size_t>(sums.row_bytes));
  }
}

}  // namespace
}  // namespace headrace::kernels

#define _tile_loadconfig emulated_tile_loadconfig
#define _tile_release emulated_tile_release
#define _tile_zero emulated_tile_zero
#define _tile_loadd emulated_tile_loadd
#define _tile_stored emulated_tile_stored
#define _tile_dpbssd emulated_tile_dot<int8_t, int8_t>
#define _tile_dpbsud emulated_tile_dot<int8_t, uint8_t>
#define _tile_dpbf16ps emulated_tile_dot_bfloats
