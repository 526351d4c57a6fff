#pragma once

#include "kernels/cpu/tile_bfloat16.h"
#include "kernels/cpu/tile_probe.h"

namespace headrace::kernels {
namespace {

/// The arithmetic of BF16 weights, a "block" being 64 inputs (see probe_blocks in tile_probe.h).
template <class B>
[[gnu::noinline]] uint64_t probe_bfloats(uint32_t blocks) {
  constexpr int kRows = B::kLongestSide;
  constexpr uint32_t kPairs = 32;
  std::byte values[kRows][kPairs * B::kPairBytes] = {};
  asm volatile("" ::"r"(&values) : "memory");
  typename B::Floats acc[kRows][kProbedTiles];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int t = 0; t < kProbedTiles; ++t) acc[r][t] = B::all(0.0f);
  typename B::Weights weights[kProbedTiles];
#pragma GCC unroll 2
  for (int t = 0; t < kProbedTiles; ++t) {
    const auto words = unknown(B::all_bytes(t));
    weights[t] = B::load_pair(reinterpret_cast<const std::byte*>(&words));
  }
#pragma GCC unroll 1
  for (uint32_t i = 0; i < blocks * kPairs; ++i) {
    asm volatile("" ::: "memory");
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
      for (int t = 0; t < kProbedTiles; ++t) acc[r][t] = B::add_pair(acc[r][t], weights[t], values[r] + i % kPairs * B::kPairBytes);
  }
  alignas(64) float left[kRows][kProbedTiles][B::kOutputs];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int t = 0; t < kProbedTiles; ++t) B::store_floats(left[r][t], acc[r][t]);
  asm volatile("" ::"r"(&left) : "memory");
  return uint64_t{blocks} * kRows * kProbedTiles * B::kOutputs * kPairs * 2 * 2;
}

}  // namespace
}  // namespace headrace::kernels
