#include <gtest/gtest.h>
#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <iostream>
#include <limits>
#include <random>

#include "../../emulation/bfloat16.h"
#include "base/cpu_features.h"
#include "guarded_memory.h"
#include "kernels/float16.h"
#include "random_weights.h"
#include "tiers.h"

namespace headrace::kernels {
namespace {

// The emulation and the instructions ------------------------------------------

/// A lane of each: what vdpbf16ps is given.
struct Pairs {
  uint32_t sums[4], left[4], right[4];
};

[[gnu::target("avx512bf16,avx512vl")]] void add_pairs_natively(const Pairs& pairs, uint32_t (&out)[4]) {
  const auto load = [](const uint32_t* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); };
  const __m128 sums = _mm_castsi128_ps(load(pairs.sums));
  const __m128 found = _mm_dpbf16_ps(sums, (__m128bh)load(pairs.left), (__m128bh)load(pairs.right));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_castps_si128(found));
}

[[gnu::target("avx512bf16,avx512vl")]] uint16_t round_natively(float value) {
  const __m128i rounded = (__m128i)_mm_cvtneps_pbh(_mm_set1_ps(value));
  return static_cast<uint16_t>(_mm_cvtsi128_si32(rounded));
}

/// The same number; NaN is one whatever its bits.
bool same_number(uint32_t a, uint32_t b) {
  const auto is_nan = [](uint32_t bits) { return std::isnan(std::bit_cast<float>(bits)); };
  return a == b || (is_nan(a) && is_nan(b));
}

void expect_the_emulation_to_add(const Pairs& pairs) {
  uint32_t found[4];
  add_pairs_natively(pairs, found);
  for (int i = 0; i < 4; ++i) {
    const auto emulated = std::bit_cast<uint32_t>(emulated_add_pair(std::bit_cast<float>(pairs.sums[i]), pairs.left[i], pairs.right[i]));
    ASSERT_TRUE(same_number(found[i], emulated)) << std::hex << pairs.sums[i] << " + " << pairs.left[i] << " · " << pairs.right[i]
                                                 << ": " << found[i] << ", emulated " << emulated;
  }
}

/// Random bits, with exponents from `least` to `most` in both halves (0 … 255: anything, infinities and NaN too).
uint32_t random_pair(std::mt19937& random, uint32_t least, uint32_t most) {
  const auto half = [&] { return (random() & 0x807fu) | (least + random() % (most - least + 1)) << 7; };
  return half() << 16 | half();
}

class EmulatedBfloats : public testing::Test {
 protected:
  void SetUp() override {
    if (!cpu_features().avx512_bf16) GTEST_SKIP() << "this CPU lacks the instructions to compare with";
  }
};

TEST_F(EmulatedBfloats, add_pairs_as_the_instruction_does) {
  std::mt19937 random(1);
  struct Range {
    uint32_t least, most, least_sum, most_sum;
  };
  // Anything; ordinary numbers; products about the smallest normal number and far below it; subnormal factors; overflow.
  for (const Range range : {Range{0, 255, 0, 255}, {110, 140, 100, 150}, {60, 67, 0, 3}, {40, 64, 1, 1}, {0, 2, 100, 130}, {0, 1, 0, 1},
                            {185, 200, 240, 254}})
    for (int i = 0; i < 40000; ++i) {
      Pairs pairs;
      for (int lane = 0; lane < 4; ++lane) {
        pairs.sums[lane] = (random() & 0x807fffffu) | (range.least_sum + random() % (range.most_sum - range.least_sum + 1)) << 23;
        pairs.left[lane] = random_pair(random, range.least, range.most);
        pairs.right[lane] = random_pair(random, range.least, range.most);
      }
      expect_the_emulation_to_add(pairs);
      if (HasFatalFailure()) return;
    }
}

TEST_F(EmulatedBfloats, flush_by_what_rounding_with_any_exponent_would_give) {
  std::mt19937 random(2);
  for (int i = 0; i < 400000; ++i) {
    Pairs pairs{};
    for (int lane = 0; lane < 4; ++lane) {  // the smallest normal number, less something below the last bit of a subnormal one
      pairs.sums[lane] = 0x00800000u + (random() % 4 == 0 ? random() % 3 : 0);
      const uint32_t exponent = 40 + random() % 40;
      pairs.left[lane] = 0x80000000u | exponent << 23 | (random() & 0x7fu) << 16;
      pairs.right[lane] = (102 - exponent + random() % 6) << 23 | (random() & 0x7fu) << 16;
    }
    expect_the_emulation_to_add(pairs);
    if (HasFatalFailure()) return;
  }
}

TEST_F(EmulatedBfloats, round_as_the_instruction_does) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000000; ++i) {
    uint32_t bits = static_cast<uint32_t>(random());
    if (i % 4 == 1) bits = (bits & 0xffff0000u) | 0x8000u;  // halfway
    if (i % 4 == 2) bits &= 0x80ffffffu;                    // subnormal, or the smallest ones
    if (i % 4 == 3) bits |= 0x7f000000u;                    // the largest ones, infinities, NaN
    const float value = std::bit_cast<float>(bits);
    ASSERT_EQ(round_natively(value), emulated_round_to_bfloat(value)) << std::hex << bits;
    ASSERT_EQ(round_natively(value), float_to_bfloat16(value)) << std::hex << bits;
  }
}

// The tiers -------------------------------------------------------------------

/// A row of activations in a tier's form, as bits of bfloat16.
std::vector<uint16_t> rounded_row(const KernelTable& table, const std::vector<float>& row, uint32_t part) {
  const auto inputs = static_cast<uint32_t>(row.size());
  GuardedMemory<std::byte> bytes(table.activation_bytes(ActivationFormat::BFloat16, inputs));
  std::memset(bytes.data(), 0xff, bytes.size());
  for (uint32_t first = 0; first < inputs; first += part)
    table.quantize(ActivationFormat::BFloat16, inputs, row.data(), first, std::min(part, inputs - first), bytes.data());
  std::vector<uint16_t> found(inputs);
  const bool wide = table.activation_bytes(ActivationFormat::BFloat16, 64) == 64 * 4;
  for (uint32_t i = 0; i < inputs; ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, bytes.data() + size_t{i} * (wide ? 4 : 2), wide ? 4 : 2);
    EXPECT_EQ(wide ? bits & 0xffffu : 0u, 0u);
    found[i] = static_cast<uint16_t>(wide ? bits >> 16 : bits);
  }
  return found;
}

TEST(Bfloats, activations_are_rounded_alike_on_every_tier_and_in_any_parts) {
  std::mt19937 random(4);
  constexpr float kOdd[] = {0.0f, -0.0f, 1e-40f, -1e-40f, 0x1p-126f, 0x1.fffffep-127f, 3.4e38f, std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN(), 0x1.01p0f, 0x1.03p0f};
  for (const uint32_t inputs : {1u, 15u, 16u, 33u, 64u, 577u}) {
    std::vector<float> row = random_values(1, inputs, random);
    for (size_t i = 0; i < std::size(kOdd) && i * 3 < inputs; ++i) row[i * 3] = kOdd[i];
    std::vector<uint16_t> expected(inputs);
    for (uint32_t i = 0; i < inputs; ++i) expected[i] = float_to_bfloat16(row[i]);
    EXPECT_EQ(rounded_row(oracle(), row, inputs), expected);
    for (const Tier& tier : tiers())
      for (const uint32_t part : {inputs, 1u, 24u}) EXPECT_EQ(rounded_row(*tier.table, row, part), expected) << tier.name << " " << inputs;
  }
}

/// One output's product by a tier, from bits of bfloat16.
float product(const KernelTable& table, const std::vector<uint16_t>& weights, const std::vector<float>& values) {
  const auto inputs = static_cast<uint32_t>(weights.size());
  GuardedMemory<std::byte> packed(table.packed_bytes(WeightType::BF16, 1, inputs));
  table.pack(WeightType::BF16, 1, inputs, 0, 1, reinterpret_cast<const std::byte*>(weights.data()), packed.data());
  GuardedMemory<std::byte> row(table.activation_bytes(ActivationFormat::BFloat16, inputs));
  table.quantize(ActivationFormat::BFloat16, inputs, values.data(), 0, inputs, row.data());
  float out = -1;
  MatmulArgs args;
  args.weight = {WeightType::BF16, 1, inputs, packed.data()};
  args.activations = row.data();
  args.activation_stride = row.size();
  args.rows = 1;
  args.out = &out;
  args.out_stride = 1;
  args.last_output = 1;
  table.matmul(args);
  return out;
}

TEST(Bfloats, products_follow_the_order_and_the_flushing_of_the_instruction) {
  std::mt19937 random(5);
  for (int turn = 0; turn < 2000; ++turn) {
    const uint32_t inputs = 1 + random() % 70;
    // Every other turn factors whose products are about the smallest normal number.
    const uint32_t least = turn % 2 == 0 ? 62 : 120, most = turn % 2 == 0 ? 66 : 131;
    std::vector<uint16_t> weights(inputs);
    std::vector<float> values(inputs);
    float expected = 0;
    for (uint32_t i = 0; i < inputs; ++i) {
      weights[i] = static_cast<uint16_t>(random_pair(random, least, most));
      values[i] = bfloat16_to_float(static_cast<uint16_t>(random_pair(random, least, most)));
    }
    for (uint32_t i = 0; i < inputs; i += 2) {
      const auto pair = [&](const auto& at) { return at(i) | (i + 1 < inputs ? at(i + 1) << 16 : 0); };
      const uint32_t left = pair([&](uint32_t j) { return uint32_t{weights[j]}; });
      const uint32_t right = pair([&](uint32_t j) { return uint32_t{float_to_bfloat16(values[j])}; });
      expected = emulated_add_pair(expected, left, right);
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(product(oracle(), weights, values)), std::bit_cast<uint32_t>(expected)) << turn;
    for (const Tier& tier : tiers()) {
      if (tier.own_bfloats) continue;
      ASSERT_EQ(std::bit_cast<uint32_t>(product(*tier.table, weights, values)), std::bit_cast<uint32_t>(expected)) << tier.name << " " << turn;
    }
  }
}

TEST(Bfloats, products_leave_the_floating_point_environment_as_it_was) {
  const unsigned before = _mm_getcsr();
  for (const Tier& tier : tiers()) {
    product(*tier.table, std::vector<uint16_t>(40, 0x3f80), std::vector<float>(40, 1.0f));
    EXPECT_EQ(_mm_getcsr() & ~0x3fu, before & ~0x3fu) << tier.name;
  }
}

TEST(Bfloats, of_tiles_add_even_and_odd_inputs_of_each_block_of_32_apart) {
  std::mt19937 random(6);
  for (uint32_t inputs : {1u, 31u, 32u, 100u, 576u}) {
    std::vector<uint16_t> weights(inputs);
    std::vector<float> values = random_values(1, inputs, random);
    for (uint16_t& weight : weights) weight = static_cast<uint16_t>(random_pair(random, 120, 128));
    float expected = 0;
    for (uint32_t first = 0; first < inputs; first += 32) {
      float sums[2] = {};
      for (uint32_t i = first; i < std::min(first + 32, inputs); ++i)
        sums[i % 2] = std::fma(bfloat16_to_float(weights[i]), bfloat16_to_float(float_to_bfloat16(values[i])), sums[i % 2]);
      expected += sums[0] + sums[1];
    }
    for (const Tier& tier : tiers()) {
      if (!tier.own_bfloats) continue;
      EXPECT_EQ(product(*tier.table, weights, values), expected) << tier.name << " " << inputs;
    }
  }
}

TEST(Bfloats, report_whether_the_instructions_were_there_to_compare_with) {
  std::cout << "[ bfloat16 ] vdpbf16ps: " << (cpu_features().avx512_bf16 ? "native" : "emulated")
            << ", tdpbf16ps: " << (cpu_features().amx_bf16 ? "native" : "emulated") << "\n";
}

}  // namespace
}  // namespace headrace::kernels
