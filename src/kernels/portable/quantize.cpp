#include <cmath>
#include <cstring>

#include "kernels/activation_row.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels::HEADRACE_PORTABLE {
namespace {

/// Quantises `width` values and returns their scale, the largest magnitude / 127. Where that
/// magnitude is 2^-119 or less, 127 / magnitude would overflow: such a block is all zeros.
float quantize_block(const float* values, uint32_t width, int8_t* quants) {
  float largest = 0;
  for (uint32_t i = 0; i < width; ++i)
    if (std::fabs(values[i]) > largest) largest = std::fabs(values[i]);
  const float inverse = largest > 0x1p-119f ? 127.0f / largest : 0.0f;
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

void quantize_32(RowOf32 row, const float* values, uint32_t block) {
  auto* quants = const_cast<int8_t*>(row.values()) + block * 32;
  const float scale = quantize_block(values, 32, quants);
  const int32_t total = sum(quants, 32);
  const_cast<float*>(row.scales())[block] = scale;
  const_cast<float*>(row.scaled_sums())[block] = scale * static_cast<float>(total);
  const_cast<int32_t*>(row.sums())[block] = total;
}

void quantize_256(RowOf256 row, const float* values, uint32_t block) {
  auto* quants = const_cast<int8_t*>(row.values()) + block * 256;
  const_cast<float*>(row.scales())[block] = quantize_block(values, 256, quants);
  auto* sums_of_16 = const_cast<int16_t*>(row.sums_of_16()) + block * 16;
  auto* sums_of_32 = const_cast<int16_t*>(row.sums_of_32()) + block * 8;
  for (uint32_t j = 0; j < 16; ++j) sums_of_16[j] = static_cast<int16_t>(sum(quants + j * 16, 16));
  for (uint32_t j = 0; j < 8; ++j) sums_of_32[j] = static_cast<int16_t>(sum(quants + j * 32, 32));
}

}  // namespace

size_t activation_bytes(ActivationFormat format, uint32_t inputs) {
  switch (format) {
    case ActivationFormat::Float: return round_up(size_t{inputs} * 4, 64);
    case ActivationFormat::Int8x32: return RowOf32::bytes(inputs);
    case ActivationFormat::Int8x256: return RowOf256::bytes(inputs);
  }
  return 0;
}

void quantize(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first, uint32_t count,
              std::byte* row_bytes) {
  switch (format) {
    case ActivationFormat::Float:
      std::memcpy(row_bytes + size_t{first} * 4, row + first, size_t{count} * 4);
      return;
    case ActivationFormat::Int8x32:
      for (uint32_t at = first; at < first + count; at += 32)
        quantize_32({row_bytes, inputs}, row + at, at / 32);
      return;
    case ActivationFormat::Int8x256:
      for (uint32_t at = first; at < first + count; at += 256)
        quantize_256({row_bytes, inputs}, row + at, at / 256);
      return;
  }
}

}  // namespace headrace::kernels::HEADRACE_PORTABLE
