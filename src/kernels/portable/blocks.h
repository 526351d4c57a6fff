#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/float16.h"
#include "kernels/kernel_table.h"
#include "kernels/quant_tables.h"

namespace headrace::kernels {
namespace {

// The quantised blocks of GGUF files, taken apart into plain numbers.

/// 32 weights, each scale · (quant − offset) + minimum.
struct LegacyBlock {
  float scale = 0;
  float minimum = 0;
  int16_t quants[32];
};

/// 256 weights in groups of group_width(type), each scale · group scale · (quant − offset) − minimum
/// scale · group minimum.
struct KBlock {
  float scale = 0;
  float minimum_scale = 0;
  int16_t group_scales[16];
  int16_t group_minimums[16];
  int16_t quants[256];
};

/// Weights of a block of 256 that share a group scale; 256 where there are no group scales (they are 1).
constexpr uint32_t group_width(WeightType type) {
  switch (type) {
    case WeightType::Q2_K: case WeightType::Q3_K: case WeightType::Q6_K: return 16;
    case WeightType::Q4_K: case WeightType::Q5_K: case WeightType::IQ4_XS: return 32;
    default: return 256;
  }
}

inline float read_half(const std::byte* at) {
  uint16_t bits;
  std::memcpy(&bits, at, 2);
  return half_to_float(bits);
}

/// What is subtracted from every quant of a type before it is scaled. The readers of types that are
/// not named here give the numbers themselves.
constexpr int quant_offset(WeightType type) {
  switch (type) {
    case WeightType::Q4_0: return 8;
    case WeightType::Q5_0: return 16;
    case WeightType::Q6_K: return 32;
    default: return 0;
  }
}

constexpr bool has_minimum(WeightType type) {
  return type == WeightType::Q4_1 || type == WeightType::Q5_1 || type == WeightType::Q2_K || type == WeightType::Q4_K ||
         type == WeightType::Q5_K;
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

/// Quants that are places in a table to the numbers that stand there.
inline void look_up(const int8_t (&table)[16], int16_t* quants, int count) {
  for (int i = 0; i < count; ++i) quants[i] = table[quants[i]];
}

/// IQ4_NL and MXFP4: a scale, then 32 places in a table.
inline LegacyBlock read_table_block(WeightType type, const std::byte* block) {
  LegacyBlock out;
  const bool mxfp4 = type == WeightType::MXFP4;
  out.scale = mxfp4 ? bfloat16_to_float(half_of_e8m0(static_cast<uint8_t>(block[0]))) : read_half(block);
  read_nibbles(reinterpret_cast<const uint8_t*>(block + (mxfp4 ? 1 : 2)), out.quants);
  look_up(mxfp4 ? kMxfp4Values : kIq4Values, out.quants, 32);
  return out;
}

inline LegacyBlock read_legacy_block(WeightType type, const std::byte* block) {
  if (type == WeightType::IQ4_NL || type == WeightType::MXFP4) return read_table_block(type, block);
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

/// 64 bytes of 2 bits: bits 2 k of byte i of a half are value 32 k + i of the half's 128.
inline void read_pairs_of_bits(const uint8_t* bytes, int16_t* quants) {
  for (int half = 0; half < 2; ++half)
    for (int k = 0; k < 4; ++k)
      for (int i = 0; i < 32; ++i)
        quants[half * 128 + k * 32 + i] = static_cast<int16_t>((bytes[half * 32 + i] >> (k * 2)) & 3);
}

/// 16 bytes, each a scale in its low half and a minimum in its high one, then the quants.
inline KBlock read_q2_k(const std::byte* block) {
  KBlock out;
  const auto* bytes = reinterpret_cast<const uint8_t*>(block);
  for (int j = 0; j < 16; ++j) {
    out.group_scales[j] = bytes[j] & 15;
    out.group_minimums[j] = bytes[j] >> 4;
  }
  read_pairs_of_bits(bytes + 16, out.quants);
  out.scale = read_half(block + 80);
  out.minimum_scale = read_half(block + 82);
  return out;
}

/// 32 bytes of third bits, which without them are 4 less; 64 of pairs of bits; 12 bytes of scales from
/// −32 on: their low halves in 8 bytes, scale j + 8 above scale j, and the top bits of j, j + 4, … in one byte.
inline KBlock read_q3_k(const std::byte* block) {
  KBlock out;
  const auto* third_bits = reinterpret_cast<const uint8_t*>(block);
  const uint8_t* scales = third_bits + 96;
  read_pairs_of_bits(third_bits + 32, out.quants);
  for (int i = 0; i < 256; ++i)
    out.quants[i] = static_cast<int16_t>(out.quants[i] + ((third_bits[i % 32] >> (i / 32)) & 1) * 4 - 4);
  for (int j = 0; j < 16; ++j) {
    const int low = (scales[j % 8] >> (j / 8 * 4)) & 15;
    const int top = (scales[8 + j % 4] >> (j / 4 * 2)) & 3;
    out.group_scales[j] = static_cast<int16_t>((low | top << 4) - 32);
  }
  out.scale = read_half(block + 108);
  return out;
}

/// Eight scales from −32 on: the top bits in bytes 2 and 3 of the block, the low halves in 4 to 7.
inline void read_iq4_xs_scales(const std::byte* block, int16_t* scales) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(block);
  for (int j = 0; j < 8; ++j) {
    const int low = (bytes[4 + j / 2] >> (j % 2 * 4)) & 15;
    const int top = (bytes[2 + j / 4] >> (j % 4 * 2)) & 3;
    scales[j] = static_cast<int16_t>((low | top << 4) - 32);
  }
}

inline void write_iq4_xs_scales(const int8_t* scales, std::byte* block) {
  std::memset(block + 2, 0, 6);
  for (int j = 0; j < 8; ++j) {
    const int bits = scales[j] + 32;
    block[4 + j / 2] |= static_cast<std::byte>((bits & 15) << (j % 2 * 4));
    block[2 + j / 4] |= static_cast<std::byte>(bits >> 4 << (j % 4 * 2));
  }
}

/// A scale, eight scales of groups, and 32 places in the table for each of them.
inline KBlock read_iq4_xs(const std::byte* block) {
  KBlock out;
  out.scale = read_half(block);
  read_iq4_xs_scales(block, out.group_scales);
  for (int j = 0; j < 8; ++j) read_nibbles(reinterpret_cast<const uint8_t*>(block + 8 + j * 16), out.quants + j * 32);
  look_up(kIq4Values, out.quants, 256);
  return out;
}

/// A scale of 32 bits, 256 bytes, and 16 sums that nothing here needs.
inline KBlock read_q8_k(const std::byte* block) {
  KBlock out;
  std::memcpy(&out.scale, block, 4);
  out.group_scales[0] = 1;
  for (int i = 0; i < 256; ++i) out.quants[i] = static_cast<int8_t>(block[4 + i]);
  return out;
}

/// `count` bytes as fractions of 256 in base 3: their first `digits` digits, count of each, less 1.
inline void read_base_3(const uint8_t* bytes, int count, int digits, int16_t* quants) {
  for (int k = 0, power = 1; k < digits; ++k, power *= 3)
    for (int i = 0; i < count; ++i) {
      const auto rest = static_cast<uint8_t>(bytes[i] * power);
      quants[k * count + i] = static_cast<int16_t>((rest * 3 >> 8) - 1);
    }
}

inline KBlock read_tq1_0(const std::byte* block) {
  KBlock out;
  const auto* bytes = reinterpret_cast<const uint8_t*>(block);
  read_base_3(bytes, 32, 5, out.quants);
  read_base_3(bytes + 32, 16, 5, out.quants + 160);
  read_base_3(bytes + 48, 4, 4, out.quants + 240);
  out.group_scales[0] = 1;
  out.scale = read_half(block + 52);
  return out;
}

inline KBlock read_tq2_0(const std::byte* block) {
  KBlock out;
  read_pairs_of_bits(reinterpret_cast<const uint8_t*>(block), out.quants);
  for (int16_t& quant : out.quants) --quant;
  out.group_scales[0] = 1;
  out.scale = read_half(block + 64);
  return out;
}

/// A block of 256 of any type that has such.
inline KBlock read_k_block(WeightType type, const std::byte* block) {
  switch (type) {
    case WeightType::Q2_K: return read_q2_k(block);
    case WeightType::Q3_K: return read_q3_k(block);
    case WeightType::Q6_K: return read_q6_k(block);
    case WeightType::Q8_K: return read_q8_k(block);
    case WeightType::IQ4_XS: return read_iq4_xs(block);
    case WeightType::TQ1_0: return read_tq1_0(block);
    case WeightType::TQ2_0: return read_tq2_0(block);
    default: return read_q4_k_or_q5_k(type, block);
  }
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
