#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "guarded_memory.h"
#include "random_weights.h"
#include "tiers.h"

namespace headrace::kernels {
namespace {

/// One product to be done by several tables, from the same file bytes and float rows.
struct Problem {
  WeightType type;
  uint32_t outputs, inputs, rows;
  Epilogue epilogue = Epilogue::Store;
  bool with_bias = false;
};

bool gated(Epilogue epilogue) { return epilogue == Epilogue::SiluGate || epilogue == Epilogue::GeluGate; }

PackedWeight pack(const KernelTable& table, const Problem& p, const GuardedMemory<std::byte>& file,
                  GuardedMemory<std::byte>& memory) {
  table.pack(p.type, p.outputs, p.inputs, 0, p.outputs, file.data(), memory.data());
  return {p.type, p.outputs, p.inputs, memory.data()};
}

/// The product by one table, every buffer placed against a page that may not be touched.
std::vector<float> multiply(const KernelTable& table, const Problem& p, uint32_t seed, uint32_t split = 1) {
  std::mt19937 random(seed);
  const GuardedMemory<std::byte> file(random_rows(p.type, p.outputs, p.inputs, random));
  const GuardedMemory<std::byte> file_up(random_rows(p.type, p.outputs, p.inputs, random));
  const GuardedMemory<float> values(random_values(p.rows, p.inputs, random));
  const GuardedMemory<float> out(random_values(p.rows, p.outputs, random));
  const GuardedMemory<float> bias(random_values(1, p.outputs, random));

  GuardedMemory<std::byte> packed(table.packed_bytes(p.type, p.outputs, p.inputs));
  GuardedMemory<std::byte> packed_up(table.packed_bytes(p.type, p.outputs, p.inputs));
  const ActivationFormat format = info(p.type).activation;
  const size_t stride = table.activation_bytes(format, p.inputs);
  GuardedMemory<std::byte> activations(stride * p.rows);
  for (uint32_t r = 0; r < p.rows; ++r)
    table.quantize(format, p.inputs, values.data() + size_t{r} * p.inputs, 0, p.inputs, activations.data() + r * stride);

  MatmulArgs args;
  args.weight = pack(table, p, file, packed);
  if (gated(p.epilogue)) args.weight_up = pack(table, p, file_up, packed_up);
  args.bias = p.with_bias ? bias.data() : nullptr;
  args.activations = activations.data();
  args.activation_stride = stride;
  args.rows = p.rows;
  args.out = out.data();
  args.out_stride = p.outputs;
  args.epilogue = p.epilogue;
  const uint32_t tiles = (p.outputs + table.tile_outputs - 1) / table.tile_outputs;
  for (uint32_t part = 0; part < split; ++part) {
    args.first_output = tiles * part / split * table.tile_outputs;
    args.last_output = std::min(tiles * (part + 1) / split * table.tile_outputs, p.outputs);
    if (args.first_output < args.last_output) table.matmul(args);
  }
  return {out.begin(), out.end()};
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// Whether all of b are a's, up to 2^-17 of the largest: what the order of sums may change.
bool close(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0;
  for (const float value : a) largest = std::max(largest, std::abs(value));
  return std::ranges::equal(a, b, [&](float left, float right) { return std::abs(left - right) <= largest * 0x1p-17f; });
}

std::string describe(const Problem& p, const Tier& tier) {
  return tier.name + " " + info(p.type).name + " outputs " + std::to_string(p.outputs) + " inputs " +
         std::to_string(p.inputs) + " rows " + std::to_string(p.rows) + " epilogue " +
         std::to_string(static_cast<int>(p.epilogue));
}

void expect_oracle(const Problem& p, uint32_t split = 1) {
  const std::vector<float> expected = multiply(oracle(), p, 7);
  for (const Tier& tier : tiers()) {
    const std::vector<float> found = multiply(*tier.table, p, 7, split);
    const bool own_order = tier.own_bfloats && p.type == WeightType::BF16;
    ASSERT_TRUE(own_order ? close(expected, found) : same_bytes(expected, found)) << describe(p, tier);
  }
}

uint32_t width(WeightType type) { return std::max(info(type).block_width, 32u); }

TEST(Matmul, is_the_same_bytes_on_every_tier_for_every_type_and_row_count) {
  for (WeightType type : kAllWeightTypes)
    for (uint32_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 16, 17, 31, 63, 64, 65, 67, 73, 128, 129, 260})
      expect_oracle({type, 24, width(type) * 2, rows});
}

TEST(Matmul, is_the_same_bytes_for_odd_numbers_of_outputs) {
  for (WeightType type : kAllWeightTypes)
    for (uint32_t outputs : {1, 7, 8, 9, 15, 16, 17, 33, 40, 100})
      for (uint32_t rows : {1, 3, 7, 20}) expect_oracle({type, outputs, width(type), rows});
}

TEST(Matmul, is_the_same_bytes_for_every_length_of_row) {
  for (WeightType type : kAllWeightTypes)
    for (uint32_t blocks : {1, 2, 3, 7, 8, 9, 17, 18})
      for (uint32_t rows : {1, 2, 12, 35}) expect_oracle({type, 40, width(type) * blocks, rows});
}

TEST(Matmul, is_the_same_bytes_with_every_epilogue) {
  for (WeightType type : kAllWeightTypes)
    for (Epilogue epilogue : {Epilogue::Store, Epilogue::Add, Epilogue::SiluGate, Epilogue::GeluGate})
      for (uint32_t rows : {1, 5, 11})
        for (bool bias : {false, true}) expect_oracle({type, 37, width(type) * 2, rows, epilogue, bias});
}

TEST(Matmul, is_the_same_bytes_when_the_outputs_are_split_among_threads) {
  for (WeightType type : kAllWeightTypes)
    for (uint32_t split : {2, 3, 5})
      for (uint32_t rows : {1, 4, 21}) expect_oracle({type, 121, width(type), rows, Epilogue::SiluGate}, split);
}

TEST(Matmul, touches_nothing_before_its_buffers) {
  const GuardedFromBelow from_below;
  for (WeightType type : kAllWeightTypes)
    for (uint32_t outputs : {7, 40, 57})
      for (uint32_t rows : {1, 3, 5, 9, 21, 65, 130})
        for (Epilogue epilogue : {Epilogue::Add, Epilogue::SiluGate}) expect_oracle({type, outputs, width(type) * 2, rows, epilogue, true}, 2);
}

TEST(Matmul, gives_each_row_the_bytes_that_it_has_alone) {
  for (WeightType type : kAllWeightTypes) {
    const Problem all{type, 24, width(type) * 3, 70};
    for (const Tier& tier : tiers()) {
      const std::vector<float> together = multiply(*tier.table, all, 3);
      // Rows are made from one stream of random numbers: of a shorter problem they are the first.
      for (uint32_t rows : {1, 2, 9, 65}) {
        Problem some = all;
        some.rows = rows;
        const std::vector<float> apart = multiply(*tier.table, some, 3);
        ASSERT_EQ(0, std::memcmp(apart.data(), together.data(), apart.size() * sizeof(float))) << describe(some, tier);
      }
    }
  }
}

TEST(Matmul, is_close_to_a_product_in_double_of_the_dequantised_weights) {
  for (WeightType type : kAllWeightTypes) {
    const uint32_t outputs = 5, inputs = 512;
    std::mt19937 random(11);
    const std::vector<std::byte> file = random_rows(type, outputs, inputs, random);
    random_rows(type, outputs, inputs, random);
    const std::vector<float> values = random_values(1, inputs, random);
    const std::vector<float> found = multiply(oracle(), {type, outputs, inputs, 1}, 11);
    const PackedWeight weight{type, outputs, inputs, file.data()};
    for (uint32_t o = 0; o < outputs; ++o) {
      std::vector<float> row(inputs);
      oracle().unpack_row(weight, o, row.data());
      double sum = 0, magnitude = 0;
      for (uint32_t i = 0; i < inputs; ++i) {
        sum += double{row[i]} * values[i];
        magnitude += std::abs(double{row[i]}) * 4;  // the largest values are about 4
      }
      EXPECT_NEAR(found[o], sum, magnitude / 127 / 4 + 1e-6) << info(type).name << " output " << o;
    }
  }
}

TEST(Matmul, writes_nothing_outside_its_range_of_outputs) {
  const Problem p{WeightType::Q4_1, 64, 64, 3};
  for (const Tier& tier : tiers()) {
    std::mt19937 random(5);
    const GuardedMemory<std::byte> file(random_rows(p.type, p.outputs, p.inputs, random));
    GuardedMemory<std::byte> packed(tier.table->packed_bytes(p.type, p.outputs, p.inputs));
    const size_t stride = tier.table->activation_bytes(ActivationFormat::Int8x32, p.inputs);
    std::vector<std::byte> activations(stride * p.rows);
    std::vector<float> out(p.rows * p.outputs, -5.0f);
    MatmulArgs args;
    args.weight = pack(*tier.table, p, file, packed);
    args.activations = activations.data();
    args.activation_stride = stride;
    args.rows = p.rows;
    args.out = out.data();
    args.out_stride = p.outputs;
    args.first_output = 16;
    args.last_output = 48;
    tier.table->matmul(args);
    for (uint32_t i = 0; i < out.size(); ++i)
      EXPECT_EQ(out[i], i % 64 >= 16 && i % 64 < 48 ? 0.0f : -5.0f) << tier.name << " at " << i;
  }
}

}  // namespace
}  // namespace headrace::kernels
