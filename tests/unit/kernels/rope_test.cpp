#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "guarded_memory.h"
#include "all_tiers.h"

namespace headrace::kernels {
namespace {

struct RopeCase {
  RopeCase(uint32_t heads, uint32_t head_dim, uint64_t seed)
      : row(size_t{heads} * head_dim), cosines(head_dim / 2), sines(head_dim / 2) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    std::uniform_real_distribution<double> angle(-10, 10);
    for (float& x : row) x = normal(random);
    for (uint32_t i = 0; i < head_dim / 2; ++i) {
      const double a = angle(random);
      cosines[i] = static_cast<float>(std::cos(a));
      sines[i] = static_cast<float>(std::sin(a));
    }
  }
  GuardedMemory<float> row, cosines, sines;
};

/// The two members of rotation i of a head.
std::pair<uint32_t, uint32_t> members(RopePairing pairing, uint32_t i, uint32_t head_dim) {
  if (pairing == RopePairing::Halves) return {i, i + head_dim / 2};
  return {2 * i, 2 * i + 1};
}

TEST(Rope, every_tier_rotates_each_pair_by_its_angle) {
  for (const Tier& tier : all_tiers()) {
    for (RopePairing pairing : {RopePairing::Halves, RopePairing::Neighbours}) {
      for (uint32_t head_dim : {2u, 8u, 24u, 64u, 80u, 256u}) {
        RopeCase in(3, head_dim, head_dim), out(3, head_dim, head_dim);
        tier.table->rope(out.row.data(), 3, head_dim, out.cosines.data(), out.sines.data(), pairing);
        for (uint32_t head = 0; head < 3; ++head) {
          for (uint32_t i = 0; i < head_dim / 2; ++i) {
            const auto [first, second] = members(pairing, i, head_dim);
            const double x = in.row[head * head_dim + first], y = in.row[head * head_dim + second];
            const double c = in.cosines[i], s = in.sines[i];
            ASSERT_NEAR(out.row[head * head_dim + first], x * c - y * s, 1e-6) << tier.name << " " << head_dim;
            ASSERT_NEAR(out.row[head * head_dim + second], y * c + x * s, 1e-6) << tier.name << " " << head_dim;
          }
        }
      }
    }
  }
}

void expect_bytes_of_portable() {
  for (RopePairing pairing : {RopePairing::Halves, RopePairing::Neighbours}) {
    for (uint32_t head_dim = 2; head_dim <= 130; head_dim += 2) {
      RopeCase expected(4, head_dim, head_dim);
      oracle().rope(expected.row.data(), 4, head_dim, expected.cosines.data(), expected.sines.data(), pairing);
      for (const Tier& tier : tiers()) {
        RopeCase got(4, head_dim, head_dim);
        tier.table->rope(got.row.data(), 4, head_dim, got.cosines.data(), got.sines.data(), pairing);
        ASSERT_EQ(std::memcmp(got.row.data(), expected.row.data(), got.row.size() * sizeof(float)), 0)
            << tier.name << " " << head_dim;
      }
    }
  }
}

TEST(Rope, every_tier_gives_the_bytes_of_portable) { expect_bytes_of_portable(); }

TEST(Rope, touches_nothing_before_its_buffers) {
  const GuardedFromBelow from_below;
  expect_bytes_of_portable();
}

}  // namespace
}  // namespace headrace::kernels
