#include "random_weights.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/float16.h"

namespace headrace::kernels {
namespace {

/// Where the f16 numbers of a block stand.
std::vector<uint32_t> halves_of(WeightType type) {
  switch (type) {
    case WeightType::Q4_0: case WeightType::Q5_0: case WeightType::Q8_0: return {0};
    case WeightType::IQ4_NL: case WeightType::IQ4_XS: return {0};
    case WeightType::Q6_K: return {208};
    case WeightType::Q2_K: return {80, 82};
    case WeightType::Q3_K: return {108};
    case WeightType::TQ1_0: return {52};
    case WeightType::TQ2_0: return {64};
    default: return {0, 2};
  }
}

uint16_t random_half(std::mt19937& random) {
  const uint32_t kind = random() % 16;
  if (kind == 0) return 0;
  if (kind == 1) return static_cast<uint16_t>(random() % 1024);  // subnormal
  if (kind == 2) return float_to_half(30000.0f);
  return float_to_half(std::normal_distribution<float>(0, 0.02f)(random));
}

/// Q8_K's f32 scale: zero, subnormal, large or ordinary.
float random_scale(std::mt19937& random) {
  const uint32_t kind = random() % 16;
  if (kind == 0) return 0;
  if (kind == 1) return std::bit_cast<float>(static_cast<uint32_t>(random() % 0x800000));
  if (kind == 2) return -1e30f;
  return std::normal_distribution<float>(0, 0.02f)(random);
}

/// MXFP4's E8M0 scale: mostly about 2^-6, of one block in four anything but 255.
uint8_t random_exponent(std::mt19937& random) {
  return static_cast<uint8_t>(random() % 4 == 0 ? random() % 255 : 118 + random() % 8);
}

void write_scales(WeightType type, std::byte* block, std::mt19937& random) {
  if (type == WeightType::MXFP4) {
    block[0] = std::byte{random_exponent(random)};
    return;
  }
  if (type == WeightType::Q8_K) {
    const float scale = random_scale(random);
    std::memcpy(block, &scale, 4);
    return;
  }
  for (uint32_t half : halves_of(type)) {
    const uint16_t bits = random_half(random);
    std::memcpy(block + half, &bits, 2);
  }
}

void write_floats(WeightType type, std::vector<std::byte>& rows, std::mt19937& random) {
  std::normal_distribution<float> normal(0, 0.1f);
  const size_t bytes = info(type).block_bytes;
  for (size_t at = 0; at < rows.size(); at += bytes) {
    const float value = normal(random);
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    const uint16_t half = type == WeightType::F16 ? float_to_half(value) : static_cast<uint16_t>(bits >> 16);
    if (bytes == 4) std::memcpy(rows.data() + at, &bits, 4);
    else std::memcpy(rows.data() + at, &half, 2);
  }
}

}  // namespace

std::vector<std::byte> random_rows(WeightType type, uint32_t outputs, uint32_t inputs, std::mt19937& random) {
  const WeightTypeInfo& layout = info(type);
  const size_t row_bytes = file_row_bytes(type, inputs);
  std::vector<std::byte> rows(outputs * row_bytes);
  if (layout.block_width == 1) {
    write_floats(type, rows, random);
    return rows;
  }
  for (std::byte& byte : rows) byte = static_cast<std::byte>(random());
  for (uint32_t o = 0; o < outputs; ++o) {
    std::byte* row = rows.data() + o * row_bytes;
    if (o % 5 == 3) std::memset(row, 0xff, row_bytes);
    if (o % 5 == 4) std::memset(row, 0x80, row_bytes);
    for (size_t block = 0; block < row_bytes; block += layout.block_bytes) write_scales(type, row + block, random);
  }
  return rows;
}

std::vector<float> random_values(uint32_t rows, uint32_t inputs, std::mt19937& random) {
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> values(size_t{rows} * inputs);
  for (uint32_t r = 0; r < rows; ++r) {
    const float spread = r % 7 == 3 ? 0.0f : r % 7 == 5 ? 1e-37f : 1.0f;
    for (uint32_t i = 0; i < inputs; ++i) values[size_t{r} * inputs + i] = normal(random) * spread;
    if (r % 7 == 6) values[size_t{r} * inputs + random() % inputs] = -700.0f;
    if (r % 7 == 2) std::fill_n(values.begin() + size_t{r} * inputs, inputs, -1.0f);  // every quant −127
  }
  return values;
}

}  // namespace headrace::kernels
