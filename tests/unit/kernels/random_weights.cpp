#include "random_weights.h"

#include <algorithm>
#include <cstring>

#include "kernels/float16.h"

namespace headrace::kernels {
namespace {

/// Where the f16 numbers of a block stand.
std::vector<uint32_t> halves_of(WeightType type) {
  switch (type) {
    case WeightType::Q4_0: case WeightType::Q5_0: case WeightType::Q8_0: return {0};
    case WeightType::Q6_K: return {208};
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
  if (layout.activation == ActivationFormat::Float) {
    write_floats(type, rows, random);
    return rows;
  }
  for (std::byte& byte : rows) byte = static_cast<std::byte>(random());
  for (uint32_t o = 0; o < outputs; ++o) {
    std::byte* row = rows.data() + o * row_bytes;
    if (o % 5 == 3) std::memset(row, 0xff, row_bytes);
    if (o % 5 == 4) std::memset(row, 0x80, row_bytes);
    for (size_t block = 0; block < row_bytes; block += layout.block_bytes)
      for (uint32_t half : halves_of(type)) {
        const uint16_t bits = random_half(random);
        std::memcpy(row + block + half, &bits, 2);
      }
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
