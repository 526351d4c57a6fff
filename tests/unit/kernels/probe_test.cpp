#include <gtest/gtest.h>

#include "all_tiers.h"
#include "guarded_memory.h"
#include "random_weights.h"

namespace headrace::kernels {
namespace {

void expect_sums_of_what_is_read() {
  for (const size_t bytes : {512u, 1024u, 8192u, 12800u}) {
    const GuardedMemory<std::byte> memory(std::vector<std::byte>(bytes, std::byte{1}));
    const auto sum = static_cast<uint32_t>(0x01010101u * (bytes / 4));
    for (const Tier& tier : all_tiers()) EXPECT_EQ(tier.table->probe_read(memory.data(), bytes), sum) << tier.name;
  }
}

TEST(Probe, reads_every_byte_and_no_other) {
  expect_sums_of_what_is_read();
  const GuardedFromBelow from_below;
  expect_sums_of_what_is_read();
}

TEST(Probe, counts_the_operations_of_a_tile_for_every_type) {
  for (const Tier& tier : tiers()) {
    if (tier.table->tile_outputs == 1) continue;  // the specification has no roof
    for (WeightType type : kAllWeightTypes) {
      const uint64_t one = tier.table->probe_products(type, 1);
      EXPECT_EQ(tier.table->probe_products(type, 3), 3 * one) << tier.name << " " << info(type).name;
      EXPECT_GT(one, 0u) << tier.name << " " << info(type).name;
    }
  }
}

}  // namespace
}  // namespace headrace::kernels
