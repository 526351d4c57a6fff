#include "kernels/quantize_weights.h"

#include <bit>
#include <cstring>

#include "kernels/float16.h"

// PERF: Some hundred million weights pass here while a model is loaded. Every loop runs over the 32
// values of a block without a branch, and sums are joined by a tree in the open, so that compilers
// make vectors of all of it for any CPU: no tier has a version of its own, and there is one answer.

namespace headrace::kernels {
namespace {

constexpr int kWidth = 32;
/// A block whose values lie no further apart has no scale: half of the smallest f16.
constexpr float kNothing = 0x1p-25f;

/// To the nearest integer, even on ties, for magnitudes below 2^22.
float rounded(float value) { return (value + 0x1.8p23f) - 0x1.8p23f; }

float within(float value, float least, float most) {
  const float raised = value > least ? value : least;
  return raised < most ? raised : most;
}

float smaller(float a, float b) { return a < b ? a : b; }
float larger(float a, float b) { return a > b ? a : b; }

/// Adds up 32 numbers in place.
float total(float* sums) {
  for (int i = 0; i < 16; ++i) sums[i] += sums[i + 16];
  for (int i = 0; i < 8; ++i) sums[i] += sums[i + 8];
  for (int i = 0; i < 4; ++i) sums[i] += sums[i + 4];
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

float sum(const float* values) {
  float sums[kWidth];
  for (int i = 0; i < kWidth; ++i) sums[i] = values[i];
  return total(sums);
}

float product(const float* a, const float* b) {
  float products[kWidth];
  for (int i = 0; i < kWidth; ++i) products[i] = a[i] * b[i];
  return total(products);
}

float smallest(const float* values) {
  float least[16];
  for (int i = 0; i < 16; ++i) least[i] = smaller(values[i], values[i + 16]);
  for (int i = 0; i < 8; ++i) least[i] = smaller(least[i], least[i + 8]);
  for (int i = 0; i < 4; ++i) least[i] = smaller(least[i], least[i + 4]);
  return smaller(smaller(least[0], least[2]), smaller(least[1], least[3]));
}

float largest(const float* values) {
  float negated[kWidth];
  for (int i = 0; i < kWidth; ++i) negated[i] = -values[i];
  return -smallest(negated);
}

float nearest_half(float value) { return half_to_float(float_to_half(value)); }

void write_half(float value, std::byte* out) {
  const uint16_t bits = float_to_half(value);
  std::memcpy(out, &bits, sizeof bits);
}

/// The scale with which ±127 reach `magnitude`. Among subnormal scales the nearest may fall short by more than
/// half a step; then it is the one above.
float scale_of_bytes(float magnitude) {
  if (magnitude <= kNothing) return 0;
  const uint16_t bits = float_to_half(magnitude / 127.0f);
  const float scale = half_to_float(bits);
  return scale * 127.5f < magnitude ? half_to_float(static_cast<uint16_t>(bits + 1)) : scale;
}

void quantize_to_q8_0(const float* values, std::byte* out) {
  const float scale = scale_of_bytes(larger(largest(values), -smallest(values)));
  const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
  write_half(scale, out);
  int8_t quants[kWidth];
  for (int i = 0; i < kWidth; ++i) {
    const float quant = rounded(within(values[i] * inverse, -127.0f, 127.0f));
    quants[i] = static_cast<int8_t>(static_cast<int32_t>(quant));
  }
  std::memcpy(out + 2, quants, sizeof quants);
}

/// Weights as minimum + scale · quant, quants 0 to 15.
struct Line {
  float scale = 0;
  float minimum = 0;
  /// What it takes away of the squared deviations from the mean, 32 times: the best line has the most.
  float gain = 0;
};

void quants_on(const Line& line, const float* values, float* quants) {
  const float inverse = line.scale != 0 ? 1.0f / line.scale : 0.0f;
  for (int i = 0; i < kWidth; ++i) quants[i] = rounded(within((values[i] - line.minimum) * inverse, 0.0f, 15.0f));
}

/// The line of least squares through the quants that another one gives.
Line fitted(const Line& line, const float* values, float values_sum) {
  float quants[kWidth];
  quants_on(line, values, quants);
  const float quants_sum = sum(quants);
  const float spread = kWidth * product(quants, quants) - quants_sum * quants_sum;
  if (spread <= 0) return {};
  const float common = kWidth * product(values, quants) - values_sum * quants_sum;
  const float scale = common / spread;
  return {scale, (values_sum - scale * quants_sum) / kWidth, common * scale};
}

/// Where a search begins: 16 levels over a part of the values' range, moved by a part of a step.
struct Grid {
  float width;
  float shift;
};
constexpr Grid kGrids[] = {{1, 0}, {1, -0.3f}, {1, 0.3f}, {0.95f, 0}};

Line best_line(const float* values) {
  const float most = largest(values), least = smallest(values), values_sum = sum(values);
  const float middle = 0.5f * (most + least), half = 0.5f * (most - least);
  const Line flat{0, values_sum / kWidth, 0};
  if (half <= kNothing) return flat;
  Line best = flat;
  const auto improve = [&](const Line& from) {
    const Line line = fitted(from, values, values_sum);
    if (line.gain > best.gain) best = line;
  };
  for (const Grid& grid : kGrids) {
    const float step = half * grid.width / 7.5f;
    improve({step, middle + (grid.shift - 7.5f) * step});
  }
  improve(best);
  return nearest_half(best.scale) != 0 ? best : flat;
}

void quantize_to_q4_1(const float* values, std::byte* out) {
  Line line = best_line(values);
  line.scale = nearest_half(line.scale);
  line.minimum = nearest_half(line.minimum);
  float quants[kWidth];
  quants_on(line, values, quants);
  uint8_t nibbles[kWidth / 2];
  for (int i = 0; i < kWidth / 2; ++i) {
    nibbles[i] = static_cast<uint8_t>(static_cast<int32_t>(quants[i]) | static_cast<int32_t>(quants[i + 16]) << 4);
  }
  write_half(line.scale, out);
  write_half(line.minimum, out + 2);
  std::memcpy(out + 4, nibbles, sizeof nibbles);
}

/// As half_to_float, but without a branch; what is no number becomes an infinity.
float read_half(uint16_t half) {
  const uint32_t magnitude = half & 0x7fffu;
  const float normal = std::bit_cast<float>((magnitude << 13) + (112u << 23));
  const float subnormal = std::bit_cast<float>((magnitude << 13) + (113u << 23)) - 0x1p-14f;
  const uint32_t finite = std::bit_cast<uint32_t>(magnitude < 0x400u ? subnormal : normal);
  const uint32_t bits = magnitude < 0x7c00u ? finite : 0x7f800000u;
  return std::bit_cast<float>(bits | static_cast<uint32_t>(half & 0x8000u) << 16);
}

void read_block(WeightType from, const std::byte* at, float* values) {
  if (from == WeightType::F32) {
    std::memcpy(values, at, kWidth * sizeof(float));
    return;
  }
  uint16_t halves[kWidth];
  std::memcpy(halves, at, sizeof halves);
  if (from == WeightType::F16) {
    for (int i = 0; i < kWidth; ++i) values[i] = read_half(halves[i]);
  } else {
    for (int i = 0; i < kWidth; ++i) values[i] = bfloat16_to_float(halves[i]);
  }
}

int32_t magnitude_bits(float value) { return std::bit_cast<int32_t>(value) & 0x7fffffff; }

/// The first value that is larger in magnitude than `limit`, or no number; kWidth if there is none.
uint32_t first_beyond(const float* values, float limit) {
  const int32_t most = magnitude_bits(limit);
  int32_t room = 0;
  for (int i = 0; i < kWidth; ++i) room |= most - magnitude_bits(values[i]);
  if (room >= 0) return kWidth;
  uint32_t first = 0;
  while (magnitude_bits(values[first]) <= most) ++first;
  return first;
}

}  // namespace

// Scales and minimums stay within f16, also where a fitted line leaves the values' range.
float largest_weight(WeightType to) { return to == WeightType::Q8_0 ? 0x1p22f : 0x1p15f; }

uint32_t quantize_weights(WeightType from, const std::byte* row, uint32_t inputs, WeightType to, std::byte* out) {
  const size_t from_bytes = file_row_bytes(from, kWidth), to_bytes = file_row_bytes(to, kWidth);
  float values[kWidth];
  for (uint32_t first = 0; first < inputs; first += kWidth, row += from_bytes, out += to_bytes) {
    read_block(from, row, values);
    const uint32_t beyond = first_beyond(values, largest_weight(to));
    if (beyond != kWidth) return first + beyond;
    if (to == WeightType::Q8_0) {
      quantize_to_q8_0(values, out);
    } else {
      quantize_to_q4_1(values, out);
    }
  }
  return inputs;
}

}  // namespace headrace::kernels
