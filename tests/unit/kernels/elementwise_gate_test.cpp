#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "guarded_memory.h"
#include "kernels/cpu/avx2.h"
#include "kernels/math.h"
#include "all_tiers.h"

namespace headrace::kernels {
namespace {

TEST(Gate, avx2_gives_the_bytes_of_the_scalar_silu_and_gelu) {
  if (!kernel_table(Isa::Avx2)) GTEST_SKIP() << "this CPU has no AVX2";
  std::mt19937_64 random(9);
  std::uniform_real_distribution<float> uniform(-100, 100);
  std::normal_distribution<float> normal(0, 4);
  const uint32_t count = 100'003;
  std::vector<float> gate(count);
  const GuardedMemory<float> up(count);
  for (uint32_t i = 0; i < count; ++i) {
    gate[i] = i % 8 == 0 ? uniform(random) : normal(random);
    up[i] = normal(random);
  }
  const GuardedMemory<float> silu(gate), gelu(gate);
  avx2::silu_gate(up.data(), count, silu.data());
  avx2::gelu_gate(up.data(), count, gelu.data());
  for (uint32_t i = 0; i < count; ++i) {
    const float expected_silu = exact_siluf(gate[i]) * up[i], expected_gelu = exact_geluf(gate[i]) * up[i];
    ASSERT_EQ(std::memcmp(&silu[i], &expected_silu, sizeof(float)), 0) << gate[i];
    ASSERT_EQ(std::memcmp(&gelu[i], &expected_gelu, sizeof(float)), 0) << gate[i];
  }
}

}  // namespace
}  // namespace headrace::kernels
