#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/tile_sums.h"

namespace headrace::kernels {
namespace {

// What a CPU can do at best, as the roofs that `headrace bench --kernels` measures the kernels against: the
// arithmetic of a weight type without its weights being fetched or taken apart, and a plain read of memory.

/// Weights that never leave the registers.
template <class V>
struct RegisterSource {
  typename V::Ints quants, scales;
  typename V::Floats floats;

  template <int kParts, int kLocality>
  [[gnu::always_inline]] void fetch_ahead(int) const {}
  [[gnu::always_inline]] typename V::Ints group(int, int) const { return quants; }
  [[gnu::always_inline]] typename V::Floats scale() const { return floats; }
  [[gnu::always_inline]] typename V::Floats minimum() const { return floats; }
  [[gnu::always_inline]] typename V::Ints group_scale(int) const { return scales; }
  [[gnu::always_inline]] typename V::Ints sum_factors(int) const { return scales; }
};

constexpr int kProbedTiles = 2;

/// Memory whose contents the compiler does not know.
template <class T>
[[gnu::always_inline]] inline T unknown(T value) {
  asm volatile("" ::"r"(&value) : "memory");
  return value;
}

/// Calls pass(sums) `blocks` times, with the sums of two tiles and V::kLongestSide rows in registers. Returns the
/// multiplications and additions of that, a pass being over `inputs` inputs.
template <class V, class Pass>
[[gnu::always_inline]] inline uint64_t probe_passes(uint32_t blocks, uint32_t inputs, Pass pass) {
  constexpr int kRows = V::kLongestSide;
  typename V::Floats acc[kRows][kProbedTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int t = 0; t < kProbedTiles; ++t) acc[r][t] = V::all(0.0f);
#pragma GCC unroll 1
  for (uint32_t b = 0; b < blocks; ++b) pass(acc);
  alignas(64) float left[kRows][kProbedTiles][V::kOutputs];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int t = 0; t < kProbedTiles; ++t) V::store_floats(left[r][t], acc[r][t]);
  asm volatile("" ::"r"(&left) : "memory");
  return uint64_t{blocks} * kRows * kProbedTiles * V::kOutputs * inputs * 2;
}

/// The arithmetic of `blocks` blocks, with the rows' values in the L1 cache. The rows are those of a matrix product: the
/// instructions are the type's own (products, group scales, minimums, conversion, scaling) and no others.
template <class V, WeightType W>
  requires(!is_float(W))
[[gnu::noinline]] uint64_t probe_blocks(uint32_t blocks) {
  constexpr int kRows = V::kLongestSide;
  RowBlock<W> values[kRows] = {};
  asm volatile("" ::"r"(&values) : "memory");
  const RowBlock<W>* rows[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) rows[r] = &values[r];
  RegisterSource<V> tiles[kProbedTiles];
#pragma GCC unroll 2
  for (int t = 0; t < kProbedTiles; ++t) tiles[t] = unknown(RegisterSource<V>{V::all_bytes(3 + t), V::all_bytes(1 + t), V::all(1.0f)});
  return probe_passes<V>(blocks, block_layout(W).width, [&](auto& acc) __attribute__((always_inline)) {
    asm volatile("" ::: "memory");  // the values may have changed: nothing of a block can be reused
    add_block<V, W>(tiles, rows, acc);
  });
}

/// The same for float weights, a "block" being 64 inputs.
template <class V, WeightType W>
  requires(is_float(W))
[[gnu::noinline]] uint64_t probe_blocks(uint32_t blocks) {
  constexpr int kRows = V::kLongestSide;
  constexpr uint32_t kInputs = 64;
  float values[kRows][kInputs] = {};
  asm volatile("" ::"r"(&values) : "memory");
  const typename V::Floats weights[kProbedTiles] = {unknown(V::all(0.5f)), unknown(V::all(0.25f))};
  return probe_passes<V>(blocks, kInputs, [&](auto& acc) __attribute__((always_inline)) {
#pragma GCC unroll 1
    for (uint32_t i = 0; i < kInputs; ++i) {
      asm volatile("" ::: "memory");
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const auto value = V::all(values[r][i]);
#pragma GCC unroll 2
        for (int t = 0; t < kProbedTiles; ++t) acc[r][t] = V::fma(weights[t], value, acc[r][t]);
      }
    }
  });
}

template <class V>
uint64_t probe_products_of(WeightType type, uint32_t blocks) {
  uint64_t operations = 0;
  with_type(type, [&]<WeightType W>() __attribute__((always_inline)) { operations = probe_blocks<V, W>(blocks); });
  return operations;
}

/// Reads `bytes` bytes, a multiple of 8 registers, and returns a sum of them.
template <class V>
uint32_t probe_read_of(const std::byte* data, size_t bytes) {
  constexpr size_t kRegister = size_t{V::kOutputs} * 4;
  typename V::Ints sums[8];
#pragma GCC unroll 8
  for (auto& sum : sums) sum = V::zeros();
#pragma GCC unroll 1
  for (size_t at = 0; at < bytes; at += 8 * kRegister) {
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; ++i) sums[i] = V::add_32(sums[i], V::load(data + at + i * kRegister));
  }
#pragma GCC unroll 8
  for (int i = 1; i < 8; ++i) sums[0] = V::add_32(sums[0], sums[i]);
  alignas(64) uint32_t lanes[V::kOutputs];
  std::memcpy(lanes, &sums[0], sizeof lanes);
  uint32_t total = 0;
  for (const uint32_t lane : lanes) total += lane;
  return total;
}

}  // namespace
}  // namespace headrace::kernels
