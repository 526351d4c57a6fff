#include "text/bulk/widest_kernels.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "text/bulk/lookup_kernels.h"
#include "text/bulk/split_kernels.h"

namespace headrace::text {
namespace {

TEST(WidestKernels, AreNoWiderThanTheInstructionSetThatIsAskedFor) {
  for (const char* all : {"auto", "", "avx512", "amx"}) {
    for (const char* loops : {"portable", "avx2", "avx512"}) EXPECT_TRUE(isa_allows(all, loops)) << all << " " << loops;
  }
  for (const char* narrow : {"avx2", "avx2-vnni"}) {
    EXPECT_TRUE(isa_allows(narrow, "portable"));
    EXPECT_TRUE(isa_allows(narrow, "avx2"));
    EXPECT_FALSE(isa_allows(narrow, "avx512"));
  }
  EXPECT_TRUE(isa_allows("portable", "portable"));
  EXPECT_FALSE(isa_allows("portable", "avx2"));
  EXPECT_FALSE(isa_allows("portable", "avx512"));
}

class WidestKernelsOfTheEnvironment : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* wanted = std::getenv("HEADRACE_ISA")) before_ = wanted;
  }
  void TearDown() override { before_.empty() ? unsetenv("HEADRACE_ISA") : setenv("HEADRACE_ISA", before_.c_str(), 1); }

 private:
  std::string before_;
};

TEST_F(WidestKernelsOfTheEnvironment, AreTheLastThatItAllows) {
  setenv("HEADRACE_ISA", "portable", 1);
  EXPECT_STREQ(widest_kernels(all_split_kernels()).name, "portable");
  EXPECT_STREQ(widest_kernels(all_lookup_kernels()).name, "portable");
  setenv("HEADRACE_ISA", "avx2", 1);
  EXPECT_STRNE(widest_kernels(all_split_kernels()).name, "avx512");
  unsetenv("HEADRACE_ISA");
  EXPECT_STREQ(widest_kernels(all_split_kernels()).name, all_split_kernels().back()->name);
}

}  // namespace
}  // namespace headrace::text
