#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::kernels {
namespace {

// How one row of quantised activations lies in memory, the same on every tier: all the int8
// values first, then one array for each thing that is kept beside a block.

[[gnu::always_inline]] inline constexpr size_t round_up(size_t bytes, size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

/// Int8x32: `values` int8, then for each block of 32 its scale a, a · float(sum) and the sum itself.
struct RowOf32 {
  static constexpr uint32_t kWidth = 32;
  const std::byte* base;
  uint32_t inputs;

  [[gnu::always_inline]] static size_t bytes(uint32_t inputs) {
    return round_up(round_up(inputs, 64) + size_t{inputs} / kWidth * 12, 64);
  }
  [[gnu::always_inline]] const int8_t* values() const { return reinterpret_cast<const int8_t*>(base); }
  [[gnu::always_inline]] const float* scales() const {
    return reinterpret_cast<const float*>(base + round_up(inputs, 64));
  }
  [[gnu::always_inline]] const float* scaled_sums() const { return scales() + inputs / kWidth; }
  [[gnu::always_inline]] const int32_t* sums() const {
    return reinterpret_cast<const int32_t*>(scaled_sums() + inputs / kWidth);
  }
};

/// Int8x256: `values` int8, then for each block of 256 the sums of its 16 sixteens, the sums of its
/// 8 thirty-twos (both int16), and its scale.
struct RowOf256 {
  static constexpr uint32_t kWidth = 256;
  const std::byte* base;
  uint32_t inputs;

  [[gnu::always_inline]] static size_t bytes(uint32_t inputs) {
    return round_up(inputs + size_t{inputs} / kWidth * (32 + 16 + 4), 64);
  }
  [[gnu::always_inline]] const int8_t* values() const { return reinterpret_cast<const int8_t*>(base); }
  [[gnu::always_inline]] const int16_t* sums_of_16() const {
    return reinterpret_cast<const int16_t*>(base + inputs);
  }
  [[gnu::always_inline]] const int16_t* sums_of_32() const { return sums_of_16() + inputs / kWidth * 16; }
  [[gnu::always_inline]] const float* scales() const {
    return reinterpret_cast<const float*>(sums_of_32() + inputs / kWidth * 8);
  }
};

}  // namespace
}  // namespace headrace::kernels
