#include <cmath>

#include "kernels/float16.h"
#include "kernels/portable/portable.h"
#include "kernels/portable/quantize_blocks.h"

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

/// Quantises `width` values and returns their scale.
float quantize_values(const float* values, uint32_t width, int8_t* quants) {
  float largest = 0;
  for (uint32_t i = 0; i < width; ++i)
    if (std::fabs(values[i]) > largest) largest = std::fabs(values[i]);
  const float inverse = inverse_scale(largest);
  for (uint32_t i = 0; i < width; ++i) {
    const float rounded = std::rint(values[i] * inverse);
    quants[i] = std::fabs(rounded) <= 127.0f ? static_cast<int8_t>(rounded) : int8_t{-127};
  }
  return largest / 127.0f;
}

int32_t sum(const int8_t* quants, uint32_t count) {
  int32_t total = 0;
  for (uint32_t i = 0; i < count; ++i) total += quants[i];
  return total;
}

void quantize_block(const float* values, BlockOf32& block) {
  block.scale = quantize_values(values, 32, block.values);
  block.sum = sum(block.values, 32);
  block.scaled_sum = block.scale * static_cast<float>(block.sum);
}

void quantize_block(const float* values, BlockOf256& block) {
  block.scale = quantize_values(values, 256, block.values);
  for (uint32_t j = 0; j < 16; ++j) block.sums_of_16[j] = static_cast<int16_t>(sum(block.values + j * 16, 16));
  for (uint32_t j = 0; j < 8; ++j) block.sums_of_32[j] = static_cast<int16_t>(sum(block.values + j * 32, 32));
}

void round_to_bfloats(const float* row, uint32_t inputs, uint32_t first, uint32_t last, float* rounded) {
  for (uint32_t at = first; at < last; ++at) rounded[at] = bfloat16_to_float(float_to_bfloat16(row[at]));
  if (last == inputs && inputs % 2 != 0) rounded[inputs] = 0;  // the last one's partner
}

size_t whole_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

size_t activation_bytes(ActivationFormat format, uint32_t inputs) {
  switch (format) {
    case ActivationFormat::Float: return whole_lines(size_t{inputs} * 4);
    case ActivationFormat::Int8x32: return whole_lines(inputs / 32 * sizeof(BlockOf32));
    case ActivationFormat::Int8x256: return whole_lines(inputs / 256 * sizeof(BlockOf256));
    case ActivationFormat::BFloat16: return whole_lines(size_t{inputs} * 4);  // f32 that have been rounded
  }
  return 0;
}

void quantize(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first, uint32_t count,
              std::byte* row_bytes) {
  if (format == ActivationFormat::BFloat16) return round_to_bfloats(row, inputs, first, first + count, reinterpret_cast<float*>(row_bytes));
  quantize_row(format, row, first, count, row_bytes, [](const float* values, auto& block) { quantize_block(values, block); });
}

}  // namespace headrace::kernels::HEADRACE_PORTABLE
