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
  typename B::Weights weights[kProbedTiles];
#pragma GCC unroll 2
  for (int t = 0; t < kProbedTiles; ++t) {
    const auto words = unknown(B::all_bytes(t));
    weights[t] = B::load_pair(reinterpret_cast<const std::byte*>(&words));
  }
  uint32_t pair = 0;
  return probe_passes<B>(blocks * kPairs, 2, [&](auto& acc) __attribute__((always_inline)) {
    asm volatile("" ::: "memory");
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
      for (int t = 0; t < kProbedTiles; ++t) acc[r][t] = B::add_pair(acc[r][t], weights[t], values[r] + pair * B::kPairBytes);
    pair = (pair + 1) % kPairs;
  });
}

}  // namespace
}  // namespace headrace::kernels
