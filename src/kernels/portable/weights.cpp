#include <cstring>

#include "kernels/portable/blocks.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

void unpack_floats(WeightType type, const std::byte* row, uint32_t inputs, float* out) {
  for (uint32_t i = 0; i < inputs; ++i) out[i] = read_float(type, row, i);
}

void unpack_legacy_block(WeightType type, const std::byte* at, float* out) {
  const LegacyBlock block = read_legacy_block(type, at);
  const int offset = quant_offset(type);
  for (int i = 0; i < 32; ++i) {
    out[i] = block.scale * static_cast<float>(block.quants[i] - offset);
    if (has_minimum(type)) out[i] += block.minimum;
  }
}

void unpack_k_block(WeightType type, const std::byte* at, float* out) {
  const KBlock block = read_k_block(type, at);
  const auto width = static_cast<int>(group_width(type));
  const int offset = quant_offset(type);
  for (int i = 0; i < 256; ++i) {
    const float scale = block.scale * static_cast<float>(block.group_scales[i / width]);
    out[i] = scale * static_cast<float>(block.quants[i] - offset);
    if (has_minimum(type)) out[i] -= block.minimum_scale * static_cast<float>(block.group_minimums[i / width]);
  }
}

}  // namespace

// A packed matrix is the file's own rows, one after another.

size_t packed_bytes(WeightType type, uint32_t outputs, uint32_t inputs) {
  return (outputs * file_row_bytes(type, inputs) + 63) / 64 * 64;
}

void pack(WeightType type, uint32_t /*outputs*/, uint32_t inputs, uint32_t first_output, uint32_t count,
          const std::byte* file_rows, std::byte* packed) {
  const size_t row_bytes = file_row_bytes(type, inputs);
  std::memcpy(packed + first_output * row_bytes, file_rows, count * row_bytes);
}

void unpack_row(const PackedWeight& weight, uint32_t output, float* row) {
  const WeightTypeInfo& layout = info(weight.type);
  const std::byte* at = weight.data + output * file_row_bytes(weight.type, weight.inputs);
  if (layout.block_width == 1) return unpack_floats(weight.type, at, weight.inputs, row);
  for (uint32_t first = 0; first < weight.inputs; first += layout.block_width, at += layout.block_bytes) {
    if (layout.activation == ActivationFormat::Int8x32)
      unpack_legacy_block(weight.type, at, row + first);
    else
      unpack_k_block(weight.type, at, row + first);
  }
}

}  // namespace headrace::kernels::HEADRACE_PORTABLE
