#include "frame/aggregates/float_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace headrace::frame {
namespace {

Result<void> put(FloatSums& sums, size_t group, double value) {
  return sums.add(group, value) ? Result<void>() : sums.add_far(group, value);
}

double sum_of(const std::vector<double>& values) {
  FloatSums sums(process_budget());
  EXPECT_TRUE(sums.resize(1));
  for (const double value : values) EXPECT_TRUE(put(sums, 0, value));
  return sums.value(0);
}

/// The values summed in parts that are then put together.
double sum_in_parts(const std::vector<double>& values, size_t parts) {
  FloatSums sums(process_budget()), total(process_budget());
  EXPECT_TRUE(sums.resize(parts) && total.resize(1));
  for (size_t i = 0; i < values.size(); ++i) EXPECT_TRUE(put(sums, i % parts, values[i]));
  for (size_t part = 0; part < parts; ++part) EXPECT_TRUE(total.merge(sums, part, 0));
  return total.value(0);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(FloatSum, is_the_nearest_float_to_the_exact_sum) {
  EXPECT_EQ(sum_of({}), 0.0);
  EXPECT_EQ(sum_of({0.1, 0.2}), 0.1 + 0.2);
  EXPECT_EQ(sum_of({1e16, 1, -1e16}), 1.0);
  EXPECT_EQ(sum_of({1e300, 1, -1e300, 1e-300}), 1.0);
  EXPECT_EQ(sum_of({1e300, 1e-300, -1e300}), 1e-300);
  EXPECT_EQ(sum_of({1e308, 1e308, -1e308}), 1e308);
  EXPECT_EQ(sum_of(std::vector<double>(10, 0.1)), 1.0);
  EXPECT_EQ(sum_of({9007199254740992.0, 1.0}), 9007199254740992.0);          // a tie, to even
  EXPECT_EQ(sum_of({9007199254740992.0, 1.0, 0x1p-300}), 9007199254740994.0);  // and a bit more
  const double least = std::numeric_limits<double>::denorm_min(), greatest = std::numeric_limits<double>::max();
  EXPECT_EQ(sum_of({least, least, least}), 3 * least);
  EXPECT_EQ(sum_of({least, 1.0, -1.0}), least);
  EXPECT_EQ(sum_of({greatest, greatest}), kInfinity);
  EXPECT_EQ(sum_of({greatest, greatest, -greatest}), greatest);
  EXPECT_EQ(sum_of({-greatest, -least}), -greatest);
}

TEST(FloatSum, infinities_and_nan_are_what_they_add_up_to) {
  EXPECT_EQ(sum_of({1, kInfinity, 1e300}), kInfinity);
  EXPECT_EQ(sum_of({-kInfinity, 5}), -kInfinity);
  EXPECT_TRUE(std::isnan(sum_of({kInfinity, -kInfinity})));
  EXPECT_TRUE(std::isnan(sum_of({1, std::nan(""), 2})));
  EXPECT_EQ(sum_of({1.7e308, kInfinity}), kInfinity);
  EXPECT_EQ(sum_in_parts({1, kInfinity, 2}, 3), kInfinity);
}

TEST(FloatSum, has_the_same_bits_for_any_order_and_any_parts) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    const int spread = round % 3 == 0 ? 4 : round % 3 == 1 ? 60 : 900;
    std::vector<double> values(1 + random() % 200);
    for (double& value : values) {
      const int exponent = static_cast<int>(random() % static_cast<uint64_t>(2 * spread)) - spread;
      value = std::ldexp(static_cast<double>(static_cast<int64_t>(random())), exponent);
    }
    const double sum = sum_of(values);
    std::ranges::shuffle(values, random);
    ASSERT_EQ(sum_of(values), sum);
    ASSERT_EQ(sum_in_parts(values, 1 + random() % 9), sum);
  }
}

TEST(FloatSum, many_at_once_are_the_same_as_one_by_one) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 60; ++round) {
    const int spread = round % 4 == 0 ? 1 : round % 4 == 1 ? 12 : round % 4 == 2 ? 30 : 600;
    std::vector<double> values(random() % 20'000);
    for (double& value : values) {
      const int exponent = static_cast<int>(random() % static_cast<uint64_t>(2 * spread)) - spread;
      value = random() % 50 == 0 ? -0.0 : std::ldexp(static_cast<double>(static_cast<int64_t>(random())), exponent);
    }
    if (round % 10 == 9 && !values.empty()) values[random() % values.size()] = kInfinity;
    FloatSums sums(process_budget());
    ASSERT_TRUE(sums.resize(1) && sums.add_all(0, values));
    ASSERT_EQ(sums.value(0), sum_of(values)) << round;
  }
}

TEST(FloatSum, whole_numbers_come_out_exactly) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values(300);
    Int128 exact = 0;
    for (double& value : values) {
      const auto whole = static_cast<int64_t>(random()) >> (11 + random() % 40);
      exact += whole;
      value = static_cast<double>(whole);
    }
    ASSERT_EQ(sum_of(values), static_cast<double>(exact));
  }
}

TEST(FloatSum, the_rest_is_what_rounding_took) {
  FloatSums sums(process_budget());
  ASSERT_TRUE(sums.resize(2));
  for (const double value : {1e20, 1.25, 3.0}) ASSERT_TRUE(put(sums, 1, value));
  EXPECT_EQ(sums.value(1), 1e20);
  EXPECT_EQ(sums.rest(1), 4.25);
  EXPECT_EQ(sums.rest(0), 0.0);
}

}  // namespace
}  // namespace headrace::frame
