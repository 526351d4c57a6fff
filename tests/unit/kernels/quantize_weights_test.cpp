#include "kernels/quantize_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "guarded_memory.h"
#include "kernels/float16.h"
#include "random_weights.h"
#include "tiers.h"

namespace headrace::kernels {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr WeightType kTargets[] = {WeightType::Q8_0, WeightType::Q4_1};

/// A row of values as F32.
std::vector<std::byte> row_of(const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<std::byte> quantized(WeightType from, const std::vector<std::byte>& row, uint32_t inputs, WeightType to) {
  GuardedMemory<std::byte> guarded(row.size()), out(file_row_bytes(to, inputs));
  std::memcpy(guarded.data(), row.data(), row.size());
  EXPECT_EQ(quantize_weights(from, guarded.data(), inputs, to, out.data()), inputs);
  return {out.begin(), out.end()};
}

std::vector<std::byte> quantized(const std::vector<float>& values, WeightType to) {
  return quantized(WeightType::F32, row_of(values), static_cast<uint32_t>(values.size()), to);
}

/// Values as an embedding look-up reads them.
std::vector<float> read_back(const std::vector<std::byte>& row, uint32_t inputs, WeightType type) {
  const KernelTable& table = oracle();
  GuardedMemory<std::byte> packed(table.packed_bytes(type, 1, inputs));
  table.pack(type, 1, inputs, 0, 1, row.data(), packed.data());
  std::vector<float> values(inputs);
  table.unpack_row({type, 1, inputs, packed.data()}, 0, values.data());
  return values;
}

std::vector<float> round_trip(const std::vector<float>& values, WeightType to) {
  return read_back(quantized(values, to), static_cast<uint32_t>(values.size()), to);
}

std::vector<float> normal_values(size_t count, float size, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, size);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

double squared_error(const std::vector<float>& values, const std::vector<float>& others) {
  double total = 0;
  for (size_t i = 0; i < values.size(); ++i) total += std::pow(static_cast<double>(values[i]) - others[i], 2);
  return total;
}

/// Sixteen levels from the smallest to the largest value of each block: Q4_1 without a search.
std::vector<float> on_plain_levels(std::vector<float> values) {
  for (auto block = values.begin(); block != values.end(); block += 32) {
    const auto [least, most] = std::minmax_element(block, block + 32);
    const float minimum = *least, scale = (*most - *least) / 15;
    for (auto value = block; value != block + 32; ++value) *value = minimum + scale * std::rint((*value - minimum) / scale);
  }
  return values;
}

TEST(QuantizeWeights, errs_in_eight_bits_by_half_a_step_at_most) {
  for (const float size : {1e-3f, 0.05f, 1.0f, 3000.0f}) {
    const auto values = normal_values(32 * 200, size, 1);
    const auto back = round_trip(values, WeightType::Q8_0);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto block = values.begin() + static_cast<std::ptrdiff_t>(i / 32 * 32);
      const auto [lowest, highest] = std::minmax_element(block, block + 32);
      const float most = std::max(*highest, -*lowest);
      // Half a step; the scale is an f16, off by up to 2^-11 of itself or 2^-25.
      ASSERT_LE(std::abs(values[i] - back[i]), most / 254 * (1 + 0x1p-9f) + 0x1p-19f) << i;
    }
  }
}

TEST(QuantizeWeights, searches_the_four_bits_of_least_error) {
  for (const float size : {0.05f, 1.0f, 1000.0f}) {
    const auto values = normal_values(32 * 500, size, 2);
    const double error = squared_error(values, round_trip(values, WeightType::Q4_1));
    const double plain = squared_error(values, on_plain_levels(values));
    EXPECT_LT(error, 0.85 * plain) << size;
  }
}

TEST(QuantizeWeights, is_never_far_off_in_four_bits) {
  auto values = normal_values(32 * 500, 0.05f, 3);
  for (size_t i = 0; i < values.size(); i += 45) values[i] *= 20;
  const auto back = round_trip(values, WeightType::Q4_1);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto block = values.begin() + static_cast<std::ptrdiff_t>(i / 32 * 32);
    const auto [least, most] = std::minmax_element(block, block + 32);
    ASSERT_LE(std::abs(values[i] - back[i]), (*most - *least) / 12) << i;
  }
}

TEST(QuantizeWeights, keeps_what_lies_on_a_grid_of_sixteen_levels) {
  std::vector<float> values(64);
  for (size_t i = 0; i < 64; ++i) values[i] = -0.75f + 0.125f * static_cast<float>(i * 7 % 16);
  EXPECT_EQ(round_trip(values, WeightType::Q4_1), values);
}

TEST(QuantizeWeights, keeps_zeros_and_blocks_of_one_value) {
  for (const WeightType to : kTargets) {
    EXPECT_EQ(round_trip(std::vector<float>(64, 0.0f), to), std::vector<float>(64, 0.0f));
    EXPECT_EQ(round_trip(std::vector<float>(64, -0.0f), to), std::vector<float>(64, 0.0f));
    for (const float value : {1.5f, -0.375f, 0x1p-14f}) {
      for (const float back : round_trip(std::vector<float>(32, value), to)) EXPECT_NEAR(back, value, std::abs(value) * 0x1p-11f + 0x1p-19f);
    }
  }
}

TEST(QuantizeWeights, takes_the_largest_numbers_that_the_type_holds) {
  for (const WeightType to : kTargets) {
    const float most = largest_weight(to);
    auto values = normal_values(32 * 50, most / 6, 4);
    for (size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? std::copysign(most, values[i]) : std::clamp(values[i], -most, most);
    const auto back = round_trip(values, to);
    for (size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(back[i], values[i], most / 6) << i;
  }
}

TEST(QuantizeWeights, brings_numbers_too_small_for_a_scale_to_zero) {
  const float denormal = std::numeric_limits<float>::denorm_min();
  for (const WeightType to : kTargets) {
    for (const float size : {denormal, 1e-38f, 1e-30f, 1e-10f, 1e-8f, 1e-7f, 1e-6f, 1e-5f}) {
      std::vector<float> values(32);
      for (size_t i = 0; i < 32; ++i) values[i] = size * (static_cast<float>(i) - 15.5f) / 16;
      const auto back = round_trip(values, to);
      for (size_t i = 0; i < 32; ++i) ASSERT_LE(std::abs(back[i] - values[i]), size / 14 + 0x1p-23f) << size;
    }
  }
}

TEST(QuantizeWeights, names_the_first_weight_that_cannot_be_held) {
  for (const WeightType to : kTargets) {
    for (const float bad : {kNan, -kNan, kInfinity, -kInfinity, 2 * largest_weight(to), -3e38f}) {
      for (const uint32_t at : {0u, 31u, 32u, 70u, 95u}) {
        auto values = normal_values(96, 0.05f, 5);
        values[at] = bad;
        values[95] = bad;
        std::vector<std::byte> out(file_row_bytes(to, 96));
        EXPECT_EQ(quantize_weights(WeightType::F32, row_of(values).data(), 96, to, out.data()), at) << bad;
      }
    }
  }
}

TEST(QuantizeWeights, names_halves_that_are_no_numbers) {
  for (const auto& [from, bad] : {std::pair{WeightType::F16, uint16_t{0x7c00}}, {WeightType::F16, uint16_t{0xfe01}},
                                  {WeightType::BF16, uint16_t{0xff80}}, {WeightType::BF16, uint16_t{0x7fc0}}}) {
    for (const WeightType to : kTargets) {
      std::vector<uint16_t> row(64, 0x3c00);
      row[40] = bad;
      std::vector<std::byte> out(file_row_bytes(to, 64));
      EXPECT_EQ(quantize_weights(from, reinterpret_cast<const std::byte*>(row.data()), 64, to, out.data()), 40u);
    }
  }
}

TEST(QuantizeWeights, touches_nothing_before_its_buffers) {
  const GuardedFromBelow from_below;
  std::mt19937 random(12);
  for (const WeightType to : kTargets)
    for (const WeightType from : {WeightType::F32, WeightType::F16, WeightType::BF16})
      EXPECT_EQ(quantized(from, random_rows(from, 1, 96, random), 96, to).size(), file_row_bytes(to, 96));
}

TEST(QuantizeWeights, reads_every_half_as_the_number_that_it_is) {
  for (uint32_t first = 0; first < 0x10000; first += 32) {
    std::vector<uint16_t> halves(32), tops(32);
    std::vector<float> values(32), of_tops(32);
    for (uint32_t i = 0; i < 32; ++i) {
      halves[i] = static_cast<uint16_t>(first + i);
      if ((halves[i] & 0x7c00) >= 0x7800) halves[i] &= 0x83ff;  // beyond what four bits hold
      values[i] = half_to_float(halves[i]);
      tops[i] = static_cast<uint16_t>(first + i);
      if ((tops[i] & 0x7fff) > 0x4700) tops[i] &= 0x80ff;
      of_tops[i] = bfloat16_to_float(tops[i]);
    }
    for (const WeightType to : kTargets) {
      std::vector<std::byte> row(64);
      std::memcpy(row.data(), halves.data(), 64);
      ASSERT_EQ(quantized(WeightType::F16, row, 32, to), quantized(values, to)) << first;
      std::memcpy(row.data(), tops.data(), 64);
      ASSERT_EQ(quantized(WeightType::BF16, row, 32, to), quantized(of_tops, to)) << first;
    }
  }
}

/// Weights that no library's random numbers change.
std::vector<float> fixed_values(size_t count) {
  std::vector<float> values(count);
  uint32_t state = 12345;
  for (float& value : values) {
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
      state = state * 1664525u + 1013904223u;
      sum += static_cast<float>(static_cast<int32_t>(state) >> 8) * 0x1p-27f;
    }
    value = sum;
  }
  return values;
}

uint64_t digest(const std::vector<std::byte>& bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3u;
  return hash;
}

TEST(QuantizeWeights, gives_the_same_bytes_on_every_machine) {
  const auto values = fixed_values(32 * 4096);
  EXPECT_EQ(digest(quantized(values, WeightType::Q8_0)), 12292642897809031207u);
  EXPECT_EQ(digest(quantized(values, WeightType::Q4_1)), 8800523509257265183u);
}

}  // namespace
}  // namespace headrace::kernels
