#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <sstream>

#include "guarded_memory.h"
#include "kernels/float16.h"
#include "random_weights.h"
#include "tiers.h"

namespace headrace::kernels {
namespace {

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

WeightType type_named(const std::string& name) {
  for (WeightType type : kAllWeightTypes)
    if (name == info(type).name) return type;
  ADD_FAILURE() << "no type " << name;
  return WeightType::F32;
}

/// The oracle and every other tier.
std::vector<const KernelTable*> all_tables() {
  std::vector<const KernelTable*> tables = {&oracle()};
  for (const Tier& tier : tiers()) tables.push_back(tier.table);
  return tables;
}

// tests/parity/make_dequantize_cases.py wrote the cases with the `gguf` package.
TEST(Weights, unpack_to_the_same_bits_as_the_gguf_package) {
  std::ifstream cases(std::string(HEADRACE_TESTS_DIR) + "/fixtures/kernels/dequantize.txt");
  ASSERT_TRUE(cases.good());
  int count = 0;
  for (std::string line; std::getline(cases, line); ++count) {
    std::istringstream words(line);
    std::string name, block_hex, expected_hex;
    words >> name >> block_hex >> expected_hex;
    const WeightType type = type_named(name);
    const std::vector<std::byte> block = from_hex(block_hex), expected = from_hex(expected_hex);
    const auto inputs = static_cast<uint32_t>(expected.size() / 4);
    for (const KernelTable* table : all_tables()) {
      GuardedMemory<std::byte> packed(table->packed_bytes(type, 1, inputs));
      table->pack(type, 1, inputs, 0, 1, block.data(), packed.data());
      std::vector<float> row(inputs);
      table->unpack_row({type, 1, inputs, packed.data()}, 0, row.data());
      EXPECT_EQ(0, std::memcmp(row.data(), expected.data(), expected.size())) << table->name << " " << line.substr(0, 40);
    }
  }
  EXPECT_EQ(count, 89);
}

/// Packs and unpacks matrices, the file's rows among what lies between pages that nobody may touch.
void expect_every_row_back() {
  for (WeightType type : kAllWeightTypes) {
    const uint32_t outputs = 21, inputs = std::max(info(type).block_width, 32u) * 3;
    std::mt19937 random(1);
    const GuardedMemory<std::byte> file(random_rows(type, outputs, inputs, random));
    const PackedWeight as_it_lies{type, outputs, inputs, file.data()};
    for (const Tier& tier : tiers()) {
      GuardedMemory<std::byte> packed(tier.table->packed_bytes(type, outputs, inputs));
      tier.table->pack(type, outputs, inputs, 0, outputs, file.data(), packed.data());
      for (uint32_t o = 0; o < outputs; ++o) {
        GuardedMemory<float> expected(inputs), row(inputs);
        oracle().unpack_row(as_it_lies, o, expected.data());
        tier.table->unpack_row({type, outputs, inputs, packed.data()}, o, row.data());
        ASSERT_EQ(0, std::memcmp(row.data(), expected.data(), inputs * 4))
            << tier.name << " " << info(type).name << " row " << o;
      }
    }
  }
}

TEST(Weights, unpack_every_row_of_a_packed_matrix_on_every_tier) { expect_every_row_back(); }

TEST(Weights, touch_nothing_before_their_buffers) {
  const GuardedFromBelow from_below;
  expect_every_row_back();
}

TEST(Weights, packed_in_parts_are_the_bytes_of_those_packed_at_once) {
  for (WeightType type : kAllWeightTypes) {
    const uint32_t outputs = 53, inputs = std::max(info(type).block_width, 32u) * 2;
    std::mt19937 random(2);
    const GuardedMemory<std::byte> file(random_rows(type, outputs, inputs, random));
    for (const Tier& tier : tiers()) {
      const KernelTable& table = *tier.table;
      std::vector<std::byte> once(table.packed_bytes(type, outputs, inputs)), parts(once.size());
      table.pack(type, outputs, inputs, 0, outputs, file.data(), once.data());
      for (uint32_t first = 0; first < outputs; first += 16)
        table.pack(type, outputs, inputs, first, std::min(16u, outputs - first),
                   file.data() + first * file_row_bytes(type, inputs), parts.data());
      EXPECT_EQ(once, parts) << tier.name << " " << info(type).name;
    }
  }
}

/// Bytes of a block that is packed in another form than the file's; the file's bytes for the other types.
uint32_t packed_block_bytes(WeightType type) {
  switch (type) {
    case WeightType::IQ4_XS: return 138;  // scales as bytes
    case WeightType::MXFP4: return 18;    // the scale as bfloat16
    case WeightType::TQ1_0: return 66;    // as TQ2_0
    default: return info(type).block_bytes;
  }
}

TEST(Weights, packed_take_hardly_more_bytes_than_in_the_file) {
  for (WeightType type : kAllWeightTypes)
    for (const Tier& tier : tiers()) {
      const size_t in_file = size_t{576} * 1536 / info(type).block_width * packed_block_bytes(type);
      EXPECT_EQ(tier.table->packed_bytes(type, 576, 1536) % 64, 0u);
      EXPECT_LE(tier.table->packed_bytes(type, 576, 1536), in_file + 576 / tier.table->tile_outputs * 64 + 64);
    }
}

TEST(Float16, converts_every_half_to_single_and_back) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if (value != value) continue;
    EXPECT_EQ(float_to_half(value), half);
  }
}

}  // namespace
}  // namespace headrace::kernels
