#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <limits>

#include "base/cpu_features.h"
#include "kernels/kernel_table.h"
#include "tiers.h"

namespace headrace::kernels {
namespace {

/// HEADRACE_ISA for the life of an object.
class IsaVariable {
 public:
  explicit IsaVariable(const char* value) {
    if (const char* before = std::getenv("HEADRACE_ISA")) before_ = before;
    setenv("HEADRACE_ISA", value, 1);
  }
  ~IsaVariable() { setenv("HEADRACE_ISA", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST(Dispatch, names_every_tier) {
  for (Isa isa : kAllIsas) EXPECT_EQ(parse_isa(name(isa)), isa);
}

TEST(Dispatch, refuses_an_unknown_name_and_says_which_there_are) {
  const auto isa = parse_isa("sse9");
  ASSERT_FALSE(isa);
  EXPECT_EQ(isa.error().kind, ErrorKind::InvalidArgument);
  EXPECT_NE(isa.error().message.find("sse9"), std::string::npos);
  EXPECT_NE(isa.error().message.find("portable, avx2, avx2-vnni, avx512, amx, or auto"), std::string::npos);
}

TEST(Dispatch, follows_the_environment) {
  const IsaVariable variable("portable");
  EXPECT_EQ(default_isa(), Isa::Portable);
  EXPECT_EQ(parse_isa("auto"), Isa::Portable);
}

TEST(Dispatch, takes_the_best_tier_of_this_cpu_if_the_environment_names_none) {
  for (const char* value : {"", "auto"}) {
    const IsaVariable variable(value);
    const auto isa = default_isa();
    ASSERT_TRUE(isa);
    EXPECT_TRUE(kernel_table(*isa));
    EXPECT_EQ(*isa == Isa::Portable, !cpu_features().avx2);
  }
}

TEST(Dispatch, refuses_a_wrong_name_in_the_environment) {
  const IsaVariable variable("neon");
  EXPECT_EQ(default_isa().error().kind, ErrorKind::InvalidArgument);
}

TEST(Dispatch, finds_the_products_of_all_tiers_the_same) {
  for (const Tier& tier : tiers()) EXPECT_TRUE(same_products(*tier.table, oracle())) << tier.name;
}

TEST(Dispatch, finds_the_bfloat_products_of_all_tiers_the_same_or_close) {
  for (const Tier& tier : tiers()) EXPECT_NE(same_products(*tier.table, oracle(), WeightType::BF16), tier.own_bfloats) << tier.name;
  for (const Tier& tier : tiers()) EXPECT_TRUE(close_products(*tier.table, oracle(), WeightType::BF16)) << tier.name;
}

TEST(Dispatch, finds_out_a_tier_whose_products_are_far_off_in_one_place) {
  KernelTable wrong = oracle();
  wrong.matmul = [](const MatmulArgs& args) {
    oracle().matmul(args);
    float& last = args.out[(args.rows - 1) * args.out_stride + args.last_output - 1];
    last = last * 1.01f;
  };
  EXPECT_FALSE(close_products(wrong, oracle(), WeightType::BF16));
  wrong.matmul = [](const MatmulArgs& args) {
    oracle().matmul(args);
    args.out[args.out_stride] = std::numeric_limits<float>::quiet_NaN();
  };
  EXPECT_FALSE(close_products(wrong, oracle(), WeightType::BF16));
}

TEST(Dispatch, finds_out_a_tier_whose_products_are_wrong_in_one_place) {
  KernelTable wrong = oracle();
  wrong.matmul = [](const MatmulArgs& args) {
    oracle().matmul(args);
    if (args.weight.type == WeightType::Q6_K) args.out[(args.rows - 1) * args.out_stride + args.last_output - 1] *= 1.0000002f;
  };
  EXPECT_FALSE(same_products(wrong, oracle()));
}

TEST(Dispatch, gives_a_table_of_a_tier_if_and_only_if_this_cpu_can_run_it) {
  const CpuFeatures& cpu = cpu_features();
  EXPECT_TRUE(can_run(Isa::Portable));
  EXPECT_EQ(can_run(Isa::Avx2), cpu.avx2);
  EXPECT_EQ(can_run(Isa::Avx2Vnni), cpu.avx_vnni);
  EXPECT_EQ(can_run(Isa::Avx512), cpu.avx512);
  EXPECT_EQ(can_run(Isa::Amx), cpu.avx512_vnni && cpu.amx_int8);
  for (const Isa isa : kAllIsas) {
    const auto table = kernel_table(isa);
    ASSERT_EQ(table.has_value(), can_run(isa)) << name(isa);
    if (table) {
      EXPECT_STREQ((*table)->name, name(isa));
    } else {
      EXPECT_EQ(table.error().kind, ErrorKind::Unsupported);
      EXPECT_NE(table.error().message.find(name(isa)), std::string::npos) << table.error().message;
    }
  }
}

TEST(Dispatch, gives_bits_of_a_tier_s_own_only_to_who_asks_for_fast_sums) {
  for (const Isa isa : kAllIsas) {
    if (!can_run(isa)) continue;
    EXPECT_TRUE(same_products(**kernel_table(isa), oracle(), WeightType::BF16)) << name(isa);
    EXPECT_TRUE(same_products(**kernel_table(isa, true), oracle())) << name(isa);
    EXPECT_TRUE(close_products(**kernel_table(isa, true), oracle(), WeightType::BF16)) << name(isa);
  }
}

TEST(Dispatch, refuses_a_tier_of_the_environment_that_this_cpu_cannot_run) {
  for (const Isa isa : kAllIsas) {
    const IsaVariable variable(name(isa));
    const auto found = default_isa();
    if (can_run(isa)) EXPECT_EQ(found, isa);
    else EXPECT_EQ(found.error().kind, ErrorKind::Unsupported) << name(isa);
  }
}

TEST(Dispatch, reports_which_tiers_the_tests_emulate) {
  for (const Tier& tier : tiers())
    std::cout << "[ tier     ] " << tier.name << (tier.emulated ? ": emulated, this CPU lacks it" : ": native") << "\n";
  EXPECT_FALSE(tiers().empty());
}

}  // namespace
}  // namespace headrace::kernels
