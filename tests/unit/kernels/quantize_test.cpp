#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "guarded_memory.h"
#include "kernels/activation_block.h"
#include "random_weights.h"
#include "tiers.h"

namespace headrace::kernels {
namespace {

std::vector<std::byte> quantize(const KernelTable& table, ActivationFormat format, const std::vector<float>& row) {
  const auto inputs = static_cast<uint32_t>(row.size());
  GuardedMemory<float> values(inputs);
  std::memcpy(values.data(), row.data(), inputs * sizeof(float));
  GuardedMemory<std::byte> bytes(table.activation_bytes(format, inputs));
  table.quantize(format, inputs, values.data(), 0, inputs, bytes.data());
  return {bytes.begin(), bytes.end()};
}

const BlockOf32& first_32(const std::vector<std::byte>& bytes) {
  return *reinterpret_cast<const BlockOf32*>(bytes.data());
}

TEST(Quantize, scales_the_largest_magnitude_to_127) {
  std::vector<float> row(32, 0.0f);
  row[3] = -2.0f;
  row[4] = 1.0f;
  row[5] = 1.0f / 127;
  const auto bytes = quantize(oracle(), ActivationFormat::Int8x32, row);
  const BlockOf32& block = first_32(bytes);
  EXPECT_EQ(block.values[3], -127);
  EXPECT_EQ(block.values[4], 64);  // 63.5, to even
  EXPECT_EQ(block.values[5], 0);   // 0.5, to even
  EXPECT_EQ(block.scale, 2.0f / 127);
  EXPECT_EQ(block.sum, -63);
  EXPECT_EQ(block.scaled_sum, block.scale * -63);
}

TEST(Quantize, keeps_the_sums_of_sixteen_and_of_thirty_two) {
  std::mt19937 random(4);
  const auto bytes = quantize(oracle(), ActivationFormat::Int8x256, random_values(1, 256, random));
  const BlockOf256& block = *reinterpret_cast<const BlockOf256*>(bytes.data());
  for (int j = 0; j < 16; ++j) {
    int sum = 0;
    for (int i = 0; i < 16; ++i) sum += block.values[j * 16 + i];
    EXPECT_EQ(block.sums_of_16[j], sum);
  }
  for (int j = 0; j < 8; ++j) EXPECT_EQ(block.sums_of_32[j], block.sums_of_16[2 * j] + block.sums_of_16[2 * j + 1]);
}

TEST(Quantize, is_the_same_bytes_on_every_tier) {
  std::mt19937 random(5);
  for (ActivationFormat format : {ActivationFormat::Float, ActivationFormat::Int8x32, ActivationFormat::Int8x256})
    for (uint32_t inputs : {256, 512, 768, 1536})
      for (int r = 0; r < 14; ++r) {
        std::vector<float> row = random_values(14, inputs, random);
        row = {row.begin() + r * inputs, row.begin() + (r + 1) * inputs};
        const auto expected = quantize(oracle(), format, row);
        for (const Tier& tier : tiers())
          ASSERT_EQ(expected, quantize(*tier.table, format, row)) << tier.name << " row " << r;
      }
}

TEST(Quantize, touches_nothing_before_its_buffers) {
  const GuardedFromBelow from_below;
  std::mt19937 random(8);
  for (ActivationFormat format : {ActivationFormat::Float, ActivationFormat::Int8x32, ActivationFormat::Int8x256}) {
    const std::vector<float> row = random_values(1, 768, random);
    const auto expected = quantize(oracle(), format, row);
    for (const Tier& tier : tiers()) EXPECT_EQ(expected, quantize(*tier.table, format, row)) << tier.name;
  }
}

TEST(Quantize, is_the_same_bytes_for_rows_that_hold_no_numbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (ActivationFormat format : {ActivationFormat::Int8x32, ActivationFormat::Int8x256})
    for (float odd : {nan, -nan, infinity, -infinity, 3e38f, 1e-45f, -0.0f}) {
      std::vector<float> row(256, 1.0f);
      row[0] = odd;
      row[77] = odd;
      const auto expected = quantize(oracle(), format, row);
      for (const Tier& tier : tiers()) EXPECT_EQ(expected, quantize(*tier.table, format, row)) << tier.name << " " << odd;
    }
}

TEST(Quantize, makes_zeros_of_what_is_too_small_to_scale) {
  const std::vector<float> row(32, 1e-38f);
  for (const Tier& tier : tiers()) {
    const auto bytes = quantize(*tier.table, ActivationFormat::Int8x32, row);
    for (int8_t value : first_32(bytes).values) EXPECT_EQ(value, 0);
    EXPECT_EQ(first_32(bytes).sum, 0);
  }
}

TEST(Quantize, in_parts_gives_the_bytes_of_the_whole_row) {
  std::mt19937 random(6);
  const std::vector<float> row = random_values(1, 1024, random);
  for (ActivationFormat format : {ActivationFormat::Float, ActivationFormat::Int8x32, ActivationFormat::Int8x256})
    for (const Tier& tier : tiers()) {
      const auto whole = quantize(*tier.table, format, row);
      GuardedMemory<std::byte> parts(whole.size());
      for (uint32_t first : {512, 0, 256, 768})
        tier.table->quantize(format, 1024, row.data(), first, 256, parts.data());
      EXPECT_EQ(0, std::memcmp(whole.data(), parts.data(), whole.size())) << tier.name;
    }
}

}  // namespace
}  // namespace headrace::kernels
