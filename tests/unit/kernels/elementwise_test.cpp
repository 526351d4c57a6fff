#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "guarded_memory.h"
#include "kernels/math.h"
#include "all_tiers.h"

namespace headrace::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Random values of every size, with the awkward ones among them.
std::vector<float> awkward_values(uint32_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> wide(-100, 100);
  const float odd[] = {0.0f, -0.0f, 1e-40f, -1e-40f, 0.625f, -0.62500006f, 88.7228f, -87.33654f, 1e-20f, 10.0f};
  std::vector<float> values(count);
  for (float& x : values) {
    x = random() % 4 == 0 ? wide(random) : random() % 16 == 0 ? odd[random() % std::size(odd)] : normal(random);
  }
  return values;
}

/// Lengths about the register widths and the blocks of argmax.
std::vector<uint32_t> lengths() {
  std::vector<uint32_t> lengths;
  for (uint32_t n = 1; n <= 70; ++n) lengths.push_back(n);
  for (uint32_t n : {255u, 256u, 257u, 576u, 1000u, 1536u}) lengths.push_back(n);
  return lengths;
}

/// Runs `change` on a copy of `values` placed against unreadable memory.
template <class Change>
std::vector<float> changed(const std::vector<float>& values, Change change) {
  GuardedMemory<float> memory(values.size());
  std::copy(values.begin(), values.end(), memory.begin());
  change(memory.data());
  return {memory.begin(), memory.end()};
}

/// `change(table, data)` leaves the same bytes on every tier as on the portable one.
template <class Change>
void expect_same_bytes(const std::vector<float>& values, Change change) {
  const auto expected = changed(values, [&](float* data) { change(oracle(), data); });
  for (const Tier& tier : tiers()) {
    const auto got = changed(values, [&](float* data) { change(*tier.table, data); });
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(std::memcmp(&got[i], &expected[i], sizeof(float)), 0)
          << tier.name << ": " << values[i] << " became " << got[i] << ", not " << expected[i] << " at " << i
          << " of " << values.size();
    }
  }
}

void expect_add_scale_and_soft_cap_of_portable() {
  for (uint32_t n : lengths()) {
    const std::vector<float> values = awkward_values(n, n);
    const GuardedMemory<float> others(awkward_values(n, n + 1000));
    expect_same_bytes(values, [&](const KernelTable& t, float* data) { t.add(others.data(), n, data); });
    expect_same_bytes(values, [&](const KernelTable& t, float* data) { t.scale(0.3f, n, data); });
    expect_same_bytes(values, [&](const KernelTable& t, float* data) { t.soft_cap(30.0f, n, data); });
    expect_same_bytes(values, [&](const KernelTable& t, float* data) { t.soft_cap(1.0f, n, data); });
  }
}

TEST(Elementwise, add_scale_and_soft_cap_are_the_same_on_every_tier) { expect_add_scale_and_soft_cap_of_portable(); }

void expect_rms_norm_of_portable() {
  for (uint32_t n : lengths()) {
    const std::vector<float> values = awkward_values(n, n);
    const GuardedMemory<float> weights(awkward_values(n, n + 1000)), input(values);
    expect_same_bytes(values, [&](const KernelTable& t, float* data) { t.rms_norm(data, weights.data(), 1e-5f, n, data); });
    expect_same_bytes(values, [&](const KernelTable& t, float* data) { t.rms_norm(input.data(), weights.data(), 1e-5f, n, data); });
  }
}

TEST(Elementwise, rms_norm_is_the_same_on_every_tier_and_in_place) { expect_rms_norm_of_portable(); }

TEST(Elementwise, rms_norm_agrees_with_its_definition_in_double) {
  const std::vector<float> values = awkward_values(576, 1), weights = awkward_values(576, 2);
  double squares = 0;
  for (float x : values) squares += double{x} * x;
  const double factor = 1 / std::sqrt(squares / 576 + 1e-5);
  for (const Tier& tier : all_tiers()) {
    std::vector<float> out(576);
    tier.table->rms_norm(values.data(), weights.data(), 1e-5f, 576, out.data());
    for (size_t i = 0; i < 576; ++i) {
      const double expected = values[i] * factor * weights[i];
      ASSERT_NEAR(out[i], expected, 1e-6 * std::fabs(expected) + 1e-30) << tier.name;
    }
  }
}

void expect_exp_sum_of_portable() {
  for (uint32_t n : lengths()) {
    std::vector<float> values = awkward_values(n, n);
    values[n / 2] = n % 3 == 0 ? -kInfinity : -500.0f;
    for (float maximum : {0.0f, 3.0f, 100.0f}) {
      std::vector<float> sums;
      expect_same_bytes(values, [&](const KernelTable& t, float* data) {
        sums.push_back(t.exp_sum(data, maximum, n, data));
      });
      for (float sum : sums) ASSERT_EQ(std::memcmp(&sum, &sums[0], sizeof sum), 0) << n;
    }
  }
}

TEST(Elementwise, exp_sum_is_the_same_on_every_tier) { expect_exp_sum_of_portable(); }

TEST(Elementwise, touches_nothing_before_its_buffers) {
  const GuardedFromBelow from_below;
  expect_add_scale_and_soft_cap_of_portable();
  expect_rms_norm_of_portable();
  expect_exp_sum_of_portable();
}

TEST(Elementwise, exp_sum_is_the_scalar_exponential_of_each_value) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<float> uniform(-110, 95);
  std::vector<float> values(100'000), out(values.size());
  for (float& x : values) x = uniform(random);
  for (const Tier& tier : all_tiers()) {
    tier.table->exp_sum(values.data(), 0, static_cast<uint32_t>(values.size()), out.data());
    for (size_t i = 0; i < values.size(); ++i) ASSERT_EQ(out[i], exact_expf(values[i])) << tier.name << values[i];
  }
}

TEST(Argmax, is_the_lowest_of_the_largest) {
  for (const Tier& tier : all_tiers()) {
    for (uint32_t n : lengths()) {
      std::vector<float> values(n, -2.0f);
      EXPECT_EQ(tier.table->argmax(values.data(), n), 0u) << tier.name << " " << n;
      values[n / 2] = values[n - 1] = 5.0f;
      EXPECT_EQ(tier.table->argmax(values.data(), n), n / 2) << tier.name << " " << n;
      values[n - 1] = 6.0f;
      EXPECT_EQ(tier.table->argmax(values.data(), n), n - 1) << tier.name << " " << n;
    }
    const float zeros[] = {-1.0f, -0.0f, 0.0f};
    EXPECT_EQ(tier.table->argmax(zeros, 3), 1u) << tier.name;
  }
}

TEST(Argmax, never_chooses_nan_while_there_is_a_number) {
  for (const Tier& tier : all_tiers()) {
    for (uint32_t n : lengths()) {
      std::vector<float> values(n, kNaN);
      EXPECT_EQ(tier.table->argmax(values.data(), n), 0u) << tier.name << " " << n;
      values[n - 1] = -kInfinity;
      EXPECT_EQ(tier.table->argmax(values.data(), n), n - 1) << tier.name << " " << n;
      values[n / 2] = -3.0f;
      EXPECT_EQ(tier.table->argmax(values.data(), n), n / 2) << tier.name << " " << n;
    }
    EXPECT_EQ(tier.table->argmax(nullptr, 0), 0u);
  }
}

void expect_argmax_of_portable() {
  std::mt19937_64 random(5);
  for (uint32_t n : lengths()) {
    std::vector<float> values = awkward_values(n, n);
    for (float& x : values) {
      if (random() % 8 == 0) x = random() % 2 ? kNaN : -kNaN;
      if (random() % 8 == 0) x = 99.0f;
    }
    GuardedMemory<float> memory(n);
    std::copy(values.begin(), values.end(), memory.begin());
    const uint32_t expected = oracle().argmax(memory.data(), n);
    for (const Tier& tier : tiers()) EXPECT_EQ(tier.table->argmax(memory.data(), n), expected) << tier.name;
  }
}

TEST(Argmax, is_the_same_on_every_tier_over_random_values_with_nan) { expect_argmax_of_portable(); }

TEST(Argmax, touches_nothing_before_its_buffer) {
  const GuardedFromBelow from_below;
  expect_argmax_of_portable();
}

}  // namespace
}  // namespace headrace::kernels
