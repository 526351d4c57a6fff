#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/float16.h"
#include "kernels/kernel_table.h"

namespace headrace::kernels {
namespace {

// The quantised blocks of GGUF files, taken apart into plain numbers.

/// 32 weights, each scale · (quant − offset) + minimum.
struct LegacyBlock {
  float scale = 0;
  float minimum = 0;
  int16_t quants[32];
};

/// 256 weights of a K type in groups of 32 (Q4_K, Q5_K) or 16 (Q6_K).
struct KBlock {
  float scale = 0;
  float minimum_scale = 0;
  int16_t group_scales[16];
  int16_t group_minimums[8];
  int16_t quants[256];
};

inline float read_half(const std::byte* at) {
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  return half_to_float(bits);
}

/// What is subtracted from every quant of a type before it is scaled.
constexpr int quant_offset(WeightType type) {
  switch (type) {
    case WeightType::Q4_0: return 8;
    case WeightType::Q5_0: return 16;
    case WeightType::Q6_K: return 32;
    default: return 0;
  }
}

constexpr bool has_minimum(WeightType type) {
  return type == WeightType::Q4_1 || type == WeightType::Q5_1 || type == WeightType::Q4_K || type == WeightType::Q5_K;
}

/// 16 bytes: value i in the low half of byte i, value i + 16 in the high half.
inline void read_nibbles(const uint8_t* bytes, int16_t* quants) {
  for (int i = 0; i < 16; ++i) {
    quants[i] = bytes[i] & 15;
    quants[i + 16] = bytes[i] >> 4;
  }
}

/// 32 bits: bit i is the fifth bit of value i.
inline void add_fifth_bits(const std::byte* at, int16_t* quants) {
  uint32_t bits;
  std::memcpy(&bits, at, 4);
  for (int i = 0; i < 32; ++i) quants[i] = static_cast<int16_t>(quants[i] | ((bits >> i) & 1) << 4);
}

inline LegacyBlock read_legacy_block(WeightType type, const std::byte* block) {
  LegacyBlock out;
  out.scale = read_half(block);
  const std::byte* rest = block + 2;
  if (has_minimum(type)) {
    out.minimum = read_half(rest);
    rest += 2;
  }
  if (type == WeightType::Q8_0) {
    for (int i = 0; i < 32; ++i) out.quants[i] = static_cast<int8_t>(rest[i]);
    return out;
  }
  const bool five_bits = type == WeightType::Q5_0 || type == WeightType::Q5_1;
  read_nibbles(reinterpret_cast<const uint8_t*>(rest + (five_bits ? 4 : 0)), out.quants);
  if (five_bits) add_fifth_bits(rest, out.quants);
  return out;
}

/// 12 bytes hold 8 scales and 8 minimums of 6 bits: the first four of each in the low bits of bytes
/// 0–3 and 4–7, the others in the halves of bytes 8–11 and the top bits of bytes 0–7.
inline void read_six_bit_scales(const uint8_t* bytes, KBlock& out) {
  for (int j = 0; j < 4; ++j) {
    out.group_scales[j] = bytes[j] & 63;
    out.group_minimums[j] = bytes[j + 4] & 63;
    out.group_scales[j + 4] = static_cast<int16_t>((bytes[j + 8] & 15) | (bytes[j] >> 6) << 4);
    out.group_minimums[j + 4] = static_cast<int16_t>((bytes[j + 8] >> 4) | (bytes[j + 4] >> 6) << 4);
  }
}

inline KBlock read_q4_k_or_q5_k(WeightType type, const std::byte* block) {
  KBlock out;
  out.scale = read_half(block);
  out.minimum_scale = read_half(block + 2);
  const auto* bytes = reinterpret_cast<const uint8_t*>(block);
  read_six_bit_scales(bytes + 4, out);
  const uint8_t* fifth_bits = bytes + 16;
  const uint8_t* nibbles = bytes + (type == WeightType::Q5_K ? 48 : 16);
  for (int pair = 0; pair < 4; ++pair)
    for (int i = 0; i < 32; ++i) {
      out.quants[pair * 64 + i] = nibbles[pair * 32 + i] & 15;
      out.quants[pair * 64 + 32 + i] = nibbles[pair * 32 + i] >> 4;
    }
  if (type == WeightType::Q5_K)
    for (int i = 0; i < 256; ++i)
      out.quants[i] = static_cast<int16_t>(out.quants[i] | ((fifth_bits[i % 32] >> (i / 32)) & 1) << 4);
  return out;
}

/// 128 bytes of low halves, 64 of high pairs of bits, 16 signed scales, the block's scale.
inline KBlock read_q6_k(const std::byte* block) {
  KBlock out;
  const auto* low = reinterpret_cast<const uint8_t*>(block);
  const uint8_t* high = low + 128;
  for (int half = 0; half < 2; ++half)
    for (int i = 0; i < 128; ++i) {
      const uint8_t pair = low[half * 64 + i % 64];
      const int top = (high[half * 32 + i % 32] >> (i / 32 * 2)) & 3;
      out.quants[half * 128 + i] = static_cast<int16_t>((i < 64 ? pair & 15 : pair >> 4) | top << 4);
    }
  for (int j = 0; j < 16; ++j) out.group_scales[j] = static_cast<int8_t>(block[192 + j]);
  out.scale = read_half(block + 208);
  return out;
}

inline KBlock read_k_block(WeightType type, const std::byte* block) {
  return type == WeightType::Q6_K ? read_q6_k(block) : read_q4_k_or_q5_k(type, block);
}

/// One value of an F32, F16 or BF16 row.
inline float read_float(WeightType type, const std::byte* row, uint32_t index) {
  if (type == WeightType::F32) {
    float value;
    std::memcpy(&value, row + size_t{index} * 4, 4);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, row + size_t{index} * 2, 2);
  return type == WeightType::F16 ? half_to_float(bits) : bfloat16_to_float(bits);
}

}  // namespace
}  // namespace headrace::kernels
