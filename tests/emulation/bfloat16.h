#pragma once

// Products of bfloat16 as vdpbf16ps and tdpbf16ps take them, on any CPU: subnormals count as zeros and become zeros,
// each step rounds to nearest even, and no control register is asked. tests/unit/kernels/bfloat16_test.cpp compares
// with the instructions where a CPU has them.

#include <bit>
#include <cmath>
#include <cstdint>

namespace headrace::kernels {
namespace {

inline float emulated_without_subnormals(float value) { return std::fabs(value) < 0x1p-126f ? std::copysign(0.0f, value) : value; }

inline float emulated_bfloat(uint32_t bits) { return emulated_without_subnormals(std::bit_cast<float>(bits << 16)); }

/// sum + a · b, for the bits of two bfloat16. Whether a result is subnormal is judged after rounding to 24 bits
/// with an exponent of any size: those from 2^-126 · (1 − 2^-25) on are not.
inline float emulated_add_product(float sum, uint32_t a, uint32_t b) {
  const float left = emulated_bfloat(a), right = emulated_bfloat(b);
  sum = emulated_without_subnormals(sum);
  const float result = std::fma(left, right, sum);
  const double unrounded = double{left} * right + sum;
  return std::fabs(unrounded) < 0x1p-126 * (1 - 0x1p-25) ? std::copysign(0.0f, result) : result;
}

/// A lane of vdpbf16ps: the second pair before the first.
inline float emulated_add_pair(float sum, uint32_t a, uint32_t b) {
  return emulated_add_product(emulated_add_product(sum, a >> 16, b >> 16), a & 0xffff, b & 0xffff);
}

/// A lane of vcvtneps2bf16.
inline uint16_t emulated_round_to_bfloat(float value) {
  const auto bits = std::bit_cast<uint32_t>(emulated_without_subnormals(value));
  if (std::isnan(value)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  const uint32_t rest = bits & 0xffff, kept = bits >> 16;
  return static_cast<uint16_t>(kept + (rest > 0x8000 || (rest == 0x8000 && kept % 2 != 0) ? 1 : 0));
}

}  // namespace
}  // namespace headrace::kernels
