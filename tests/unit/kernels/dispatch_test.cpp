#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

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
  for (Isa isa : {Isa::Portable, Isa::Avx2, Isa::Avx512}) EXPECT_EQ(parse_isa(name(isa)), isa);
}

TEST(Dispatch, refuses_an_unknown_name_and_says_which_there_are) {
  const auto isa = parse_isa("sse9");
  ASSERT_FALSE(isa);
  EXPECT_EQ(isa.error().kind, ErrorKind::InvalidArgument);
  EXPECT_NE(isa.error().message.find("sse9"), std::string::npos);
  EXPECT_NE(isa.error().message.find("portable, avx2, avx512"), std::string::npos);
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

TEST(Dispatch, gives_no_table_that_this_cpu_cannot_run) {
  const auto table = kernel_table(Isa::Avx512);
  EXPECT_EQ(table.has_value(), cpu_features().avx512);
  if (!table) {
    EXPECT_EQ(table.error().kind, ErrorKind::Unsupported);
  }
}

TEST(Dispatch, reports_which_tiers_the_tests_emulate) {
  for (const Tier& tier : tiers())
    std::cout << "[ tier     ] " << tier.name << (tier.emulated ? ": emulated, this CPU lacks it" : ": native") << "\n";
  EXPECT_FALSE(tiers().empty());
}

}  // namespace
}  // namespace headrace::kernels
