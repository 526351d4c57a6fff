#include "kernels/math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace headrace::kernels {
namespace {

/// |got − expected| in units of the last place of the expected value in T.
template <class T>
double ulps(T got, long double expected) {
  if (std::isnan(got)) return std::isnan(expected) ? 0 : 1e9;
  const long double magnitude = std::max<long double>(std::fabs(expected), std::numeric_limits<T>::min());
  const long double unit = std::ldexp(std::numeric_limits<T>::epsilon(), std::ilogb(magnitude));
  return static_cast<double>(std::fabs(static_cast<long double>(got) - expected) / unit);
}

/// The worst error of `got` against `expected` over random points of [low, high].
template <class T, class Got, class Expected>
double worst(Got got, Expected expected, T low, T high, int count = 400'000) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<T> uniform(low, high);
  double error = 0;
  for (int i = 0; i < count; ++i) {
    const T x = uniform(random);
    error = std::max(error, ulps<T>(got(x), expected(static_cast<long double>(x))));
  }
  return error;
}

/// The same over both signs of numbers of every size between 2^low and 2^high.
template <class T, class Got, class Expected>
double worst_of_every_size(Got got, Expected expected, double low, double high, int count = 400'000) {
  std::mt19937_64 random(8);
  std::uniform_real_distribution<double> exponent(low, high);
  double error = 0;
  for (int i = 0; i < count; ++i) {
    const T x = static_cast<T>(std::exp2(exponent(random)) * (random() & 1 ? 1 : -1));
    error = std::max(error, ulps<T>(got(x), expected(static_cast<long double>(x))));
  }
  return error;
}

long double silu(long double x) { return x / (1 + std::exp(-x)); }
long double gelu(long double x) {
  const long double u = std::sqrt(2 / std::acos(-1.0L)) * (x + 0.044715L * x * x * x);
  return x / (1 + std::exp(-2 * u));
}
constexpr auto exp_l = [](long double x) { return std::exp(x); };
constexpr auto log_l = [](long double x) { return std::log(x); };
constexpr auto tanh_l = [](long double x) { return std::tanh(x); };
constexpr auto sin_l = [](long double x) { return std::sin(x); };
constexpr auto cos_l = [](long double x) { return std::cos(x); };
double sine(double x) {
  double s, c;
  exact_sincos(x, &s, &c);
  return s;
}
double cosine(double x) {
  double s, c;
  exact_sincos(x, &s, &c);
  return c;
}

TEST(ExactMath, exp_is_within_two_ulp_from_the_subnormals_to_the_largest) {
  EXPECT_LE(worst<double>(exact_exp, exp_l, -707.0, 709.78), 2.0);
  EXPECT_LE(worst<double>(exact_exp, exp_l, -746.0, -707.0), 2.0);
  EXPECT_LE(worst_of_every_size<double>(exact_exp, exp_l, -60, 9), 2.0);
}

TEST(ExactMath, exp_ends_in_zero_and_infinity) {
  EXPECT_EQ(exact_exp(0.0), 1.0);
  EXPECT_EQ(exact_exp(-0.0), 1.0);
  EXPECT_EQ(exact_exp(-746.0), 0.0);
  EXPECT_EQ(exact_exp(-1e300), 0.0);
  EXPECT_EQ(exact_exp(-std::numeric_limits<double>::infinity()), 0.0);
  EXPECT_EQ(exact_exp(710.0), std::numeric_limits<double>::infinity());
  EXPECT_EQ(exact_exp(std::numeric_limits<double>::infinity()), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(exact_exp(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_GT(exact_exp(-745.0), 0.0);
}

TEST(ExactMath, log_is_within_two_ulp) {
  EXPECT_LE(worst<double>(exact_log, log_l, 0.5, 2.0), 2.0);
  EXPECT_LE(worst<double>(exact_log, log_l, 0.999, 1.001), 2.0);
  EXPECT_LE(worst<double>(exact_log, log_l, 0.0, 1e6), 2.0);
  const auto of_size = [](double x) { return exact_log(std::fabs(x)); };
  const auto expected = [](long double x) { return std::log(std::fabs(x)); };
  EXPECT_LE(worst_of_every_size<double>(of_size, expected, -1074, 1023.9), 2.0);
}

TEST(ExactMath, log_knows_its_edges) {
  EXPECT_EQ(exact_log(1.0), 0.0);
  EXPECT_EQ(exact_log(0.0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(exact_log(std::numeric_limits<double>::infinity()), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(exact_log(-1.0)));
  EXPECT_TRUE(std::isnan(exact_log(std::numeric_limits<double>::quiet_NaN())));
}

TEST(ExactMath, pow_is_the_exp_of_the_log) {
  EXPECT_EQ(exact_pow(10000.0, -0.25), exact_exp(-0.25 * exact_log(10000.0)));
  EXPECT_NEAR(exact_pow(10000.0, -0.25), 0.1, 1e-15);
  EXPECT_EQ(exact_pow(3.0, 0.0), 1.0);
}

TEST(ExactMath, sine_and_cosine_are_within_two_ulp_up_to_two_to_the_31) {
  EXPECT_LE(worst<double>(sine, sin_l, -0.8, 0.8), 2.0);
  EXPECT_LE(worst<double>(cosine, cos_l, -0.8, 0.8), 2.0);
  EXPECT_LE(worst<double>(sine, sin_l, -1000.0, 1000.0), 2.0);
  EXPECT_LE(worst<double>(cosine, cos_l, -1000.0, 1000.0), 2.0);
  EXPECT_LE(worst_of_every_size<double>(sine, sin_l, -40, 31), 2.0);
  EXPECT_LE(worst_of_every_size<double>(cosine, cos_l, -40, 31), 2.0);
}

TEST(ExactMath, sine_and_cosine_keep_their_digits_beside_multiples_of_a_quarter_turn) {
  for (int64_t quarter = 1; quarter < 1'300'000'000; quarter = quarter * 3 + 1) {
    const double x = static_cast<double>(quarter * (std::acos(-1.0L) / 2));
    EXPECT_LE(ulps<double>(sine(x), std::sin(static_cast<long double>(x))), 2.0) << x;
    EXPECT_LE(ulps<double>(cosine(x), std::cos(static_cast<long double>(x))), 2.0) << x;
  }
  EXPECT_TRUE(std::isnan(sine(0x1p32)));
  EXPECT_TRUE(std::isnan(cosine(std::numeric_limits<double>::infinity())));
  EXPECT_EQ(sine(0.0), 0.0);
  EXPECT_EQ(cosine(0.0), 1.0);
}

TEST(ExactMath, tanh_is_within_two_ulp) {
  EXPECT_LE(worst<double>(exact_tanh, tanh_l, -1.0, 1.0), 2.0);
  EXPECT_LE(worst<double>(exact_tanh, tanh_l, -25.0, 25.0), 2.0);
  EXPECT_LE(worst_of_every_size<double>(exact_tanh, tanh_l, -60, 6), 2.0);
  EXPECT_EQ(exact_tanh(-1e300), -1.0);
  EXPECT_TRUE(std::signbit(exact_tanh(-0.0)));
}

TEST(ExactMath, expf_is_within_two_ulp_over_the_normal_range) {
  EXPECT_LE(worst<float>(exact_expf, exp_l, -87.3365f, 88.722f, 2'000'000), 2.0);
  EXPECT_LE(worst<float>(exact_expf, exp_l, -1.0f, 1.0f), 2.0);
  EXPECT_LE(worst_of_every_size<float>(exact_expf, exp_l, -30, 6.3), 2.0);
}

TEST(ExactMath, expf_flushes_below_the_normal_numbers_and_overflows_above_the_largest) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(exact_expf(0.0f), 1.0f);
  EXPECT_GE(exact_expf(-0x1.5d589ep+6f), std::numeric_limits<float>::min());
  EXPECT_EQ(exact_expf(-0x1.5d58a0p+6f), 0.0f);
  EXPECT_EQ(exact_expf(-1e30f), 0.0f);
  EXPECT_EQ(exact_expf(-infinity), 0.0f);
  EXPECT_LE(ulps<float>(exact_expf(0x1.62e42ep+6f), std::exp(0x1.62e42ep+6L)), 2.0);
  EXPECT_EQ(exact_expf(0x1.62e430p+6f), infinity);
  EXPECT_EQ(exact_expf(infinity), infinity);
  EXPECT_TRUE(std::isnan(exact_expf(std::numeric_limits<float>::quiet_NaN())));
}

TEST(ExactMath, tanhf_is_within_two_ulp) {
  EXPECT_LE(worst<float>(exact_tanhf, tanh_l, -1.0f, 1.0f, 1'000'000), 2.0);
  EXPECT_LE(worst<float>(exact_tanhf, tanh_l, -10.0f, 10.0f, 1'000'000), 2.0);
  EXPECT_LE(worst_of_every_size<float>(exact_tanhf, tanh_l, -140, 10), 2.0);
  EXPECT_EQ(exact_tanhf(1e30f), 1.0f);
  EXPECT_EQ(exact_tanhf(-std::numeric_limits<float>::infinity()), -1.0f);
  EXPECT_TRUE(std::signbit(exact_tanhf(-0.0f)));
  EXPECT_TRUE(std::isnan(exact_tanhf(std::numeric_limits<float>::quiet_NaN())));
}

TEST(ExactMath, siluf_is_within_three_ulp_until_its_exponential_overflows) {
  EXPECT_LE(worst<float>(exact_siluf, silu, -88.7f, 88.0f, 1'000'000), 3.0);
  EXPECT_LE(worst_of_every_size<float>(exact_siluf, silu, -140, 6), 3.0);
  EXPECT_EQ(exact_siluf(-89.0f), 0.0f);
  EXPECT_EQ(exact_siluf(1000.0f), 1000.0f);
}

TEST(ExactMath, geluf_is_within_three_ulp_until_its_exponential_overflows) {
  EXPECT_LE(worst<float>(exact_geluf, gelu, -9.9f, 9.9f, 1'000'000), 3.0);
  EXPECT_LE(worst<float>(exact_geluf, gelu, -2.0f, 2.0f, 1'000'000), 3.0);
  EXPECT_LE(worst_of_every_size<float>(exact_geluf, gelu, -140, 3), 3.0);
  EXPECT_EQ(exact_geluf(-1e30f), 0.0f);
  EXPECT_EQ(exact_geluf(1e30f), 1e30f);
}

}  // namespace
}  // namespace headrace::kernels
