#pragma once

#include <cstring>

#include "kernels/activation_block.h"
#include "kernels/kernel_table.h"

namespace headrace::kernels {
namespace {

/// What 32 or 256 values are multiplied by before they are rounded.
inline float inverse_scale(float largest) { return largest > kSmallestMagnitude ? 127.0f / largest : 0.0f; }

template <class Block, uint32_t kWidth, class Quantize>
[[gnu::always_inline]] inline void quantize_blocks(const float* row, uint32_t first, uint32_t count, std::byte* row_bytes, Quantize quantize) {
  auto* blocks = reinterpret_cast<Block*>(row_bytes);
  for (uint32_t at = first; at < first + count; at += kWidth) quantize(row + at, blocks[at / kWidth]);
}

/// KernelTable::quantize by quantize(values, block), for both kinds of blocks; rounding to bfloat16 is the caller's.
template <class Quantize>
[[gnu::always_inline]] inline void quantize_row(ActivationFormat format, const float* row, uint32_t first, uint32_t count,
                                                std::byte* row_bytes, Quantize quantize) {
  switch (format) {
    case ActivationFormat::Float: std::memcpy(row_bytes + size_t{first} * 4, row + first, size_t{count} * 4); return;
    case ActivationFormat::Int8x32: return quantize_blocks<BlockOf32, 32>(row, first, count, row_bytes, quantize);
    case ActivationFormat::Int8x256: return quantize_blocks<BlockOf256, 256>(row, first, count, row_bytes, quantize);
    case ActivationFormat::BFloat16: return;
  }
}

}  // namespace
}  // namespace headrace::kernels
