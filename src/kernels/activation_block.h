#pragma once

#include <cstdint>

namespace headrace::kernels {

// A row of quantised activations is an array of these, the same on every tier: a kernel reaches
// all that it needs of a row with one pointer and constant offsets.

/// ActivationFormat::Int8x32.
struct BlockOf32 {
  int8_t values[32];
  float scale;       ///< largest magnitude / 127
  float scaled_sum;  ///< scale · float(sum)
  int32_t sum;       ///< Σ values
};
static_assert(sizeof(BlockOf32) == 44);

/// ActivationFormat::Int8x256.
struct BlockOf256 {
  int8_t values[256];
  int16_t sums_of_16[16];  ///< Σ of each sixteen values
  int16_t sums_of_32[8];   ///< Σ of each thirty-two
  float scale;
};
static_assert(sizeof(BlockOf256) == 308);

/// Where 127 / magnitude would overflow, a block is all zeros.
inline constexpr float kSmallestMagnitude = 0x1p-119f;

}  // namespace headrace::kernels
