#include "model/plan/rotation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

// Tests name the fields that they are about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace headrace::model {
namespace {

using kernels::RopePairing;

void expect_near(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i] / expected[i], 1, 1e-12) << "pair " << i;
}

std::vector<double> plain(uint32_t head_dim, double base) {
  std::vector<double> frequencies;
  for (uint32_t i = 0; i < head_dim / 2; ++i) frequencies.push_back(std::pow(base, -2.0 * i / head_dim));
  return frequencies;
}

TEST(Rotation, turns_pair_i_by_a_power_of_the_base) {
  for (const double base : {10000.0, 100000.0, 1e6}) {
    const Rotation rotation = make_rotation(64, base, RopePairing::Halves);
    expect_near(rotation.frequencies, plain(64, base));
    EXPECT_EQ(rotation.magnitude, 1);
  }
}

TEST(Rotation, divides_by_the_factor_when_scaled_linearly) {
  auto expected = plain(128, 1e6);
  for (double& frequency : expected) frequency /= 8;
  expect_near(make_rotation(128, 1e6, RopePairing::Halves, {.kind = RotationScaling::Kind::Linear, .factor = 8}).frequencies, expected);
}

TEST(Rotation, follows_llama_3_by_wavelength) {
  const RotationScaling scaling{.kind = RotationScaling::Kind::Llama3, .factor = 32, .original_context = 8192};
  auto expected = plain(64, 500000);
  int kept = 0;
  int divided = 0;
  for (double& frequency : expected) {
    const double wavelength = 2 * std::numbers::pi / frequency;
    if (wavelength < 8192.0 / 4) {
      ++kept;
    } else if (wavelength > 8192.0 / 1) {
      frequency /= 32;
      ++divided;
    } else {
      const double smooth = (8192.0 / wavelength - 1) / (4.0 - 1);
      frequency = (1 - smooth) * frequency / 32 + smooth * frequency;
    }
  }
  EXPECT_GT(kept, 5);
  EXPECT_GT(divided, 5);
  expect_near(make_rotation(64, 500000, RopePairing::Neighbours, scaling).frequencies, expected);
}

TEST(Rotation, follows_yarn_between_interpolation_and_extrapolation) {
  const RotationScaling scaling{.kind = RotationScaling::Kind::Yarn, .factor = 4, .original_context = 4096};
  const Rotation rotation = make_rotation(128, 10000, RopePairing::Halves, scaling);
  auto expected = plain(128, 10000);
  const auto pair_of = [](double turns) { return 128 * std::log(4096 / (turns * 2 * std::numbers::pi)) / (2 * std::log(10000.0)); };
  const double low = std::floor(pair_of(32));
  const double high = std::ceil(pair_of(1));
  for (size_t i = 0; i < expected.size(); ++i) {
    const double ramp = std::min(1.0, std::max(0.0, (static_cast<double>(i) - low) / (high - low)));
    expected[i] = expected[i] / 4 * ramp + expected[i] * (1 - ramp);
  }
  expect_near(rotation.frequencies, expected);
  EXPECT_NEAR(rotation.magnitude, 0.1 * std::log(4.0) + 1, 1e-14);
}

}  // namespace
}  // namespace headrace::model
