#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "frame/csv/field_kernels.h"
#include "frame/csv/field_values.h"
#include "frame/write/cell_writer.h"

namespace headrace::frame::csv {
namespace {

std::vector<uint8_t> random_text(std::mt19937& random, size_t blocks) {
  const std::string letters = "abc,,\"\n\r\xC3\xA4;1";
  std::vector<uint8_t> text(blocks * 64);
  for (uint8_t& byte : text) byte = static_cast<uint8_t>(letters[random() % letters.size()]);
  return text;
}

TEST(CsvFields, every_instruction_set_finds_what_the_portable_code_finds) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const size_t blocks = 1 + random() % 20;
    const auto text = random_text(random, blocks);
    Dialect dialect;
    dialect.has_quote = round % 3 != 0;
    const FieldKernels& oracle = fields_portable::kKernels;
    const FieldSearch before{.inside = round % 2 == 0 ? 0 : ~uint64_t{0}, .after = static_cast<uint64_t>(round % 2)};
    std::vector<uint32_t> wanted(blocks * 64 + 64);
    FieldSearch wanted_state = before;
    wanted.resize(oracle.find(text.data(), blocks, dialect, 7, wanted.data(), wanted_state));
    const Counts wanted_counts = oracle.count(text.data(), blocks, dialect);
    for (const FieldKernels* kernels : all_field_kernels()) {
      std::vector<uint32_t> found(blocks * 64 + 64);
      FieldSearch state = before;
      found.resize(kernels->find(text.data(), blocks, dialect, 7, found.data(), state));
      EXPECT_EQ(found, wanted) << kernels->name;
      EXPECT_EQ(state.inside, wanted_state.inside) << kernels->name;
      EXPECT_EQ(state.after, wanted_state.after) << kernels->name;
      EXPECT_EQ(state.ends, wanted_state.ends) << kernels->name;
      EXPECT_EQ(state.has_high, wanted_state.has_high) << kernels->name;
      EXPECT_EQ(state.has_stray, wanted_state.has_stray) << kernels->name;
      const Counts counts = kernels->count(text.data(), blocks, dialect);
      EXPECT_EQ(counts.quotes, wanted_counts.quotes) << kernels->name;
      EXPECT_EQ(counts.ends, wanted_counts.ends) << kernels->name;
      EXPECT_EQ(counts.ends_outside, wanted_counts.ends_outside) << kernels->name;
    }
  }
}

TEST(CsvFields, the_portable_code_finds_what_a_loop_over_bytes_finds) {
  std::mt19937 random(2);
  const auto text = random_text(random, 50);
  std::vector<uint32_t> wanted, found(text.size() + 64);
  bool is_inside = false;
  uint64_t ends_outside = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    is_inside ^= text[i] == '"';
    if (!is_inside && (text[i] == ',' || text[i] == '\n')) wanted.push_back(static_cast<uint32_t>(i));
    ends_outside += !is_inside && text[i] == '\n';
  }
  FieldSearch state;
  found.resize(fields_portable::kKernels.find(text.data(), 50, {}, 0, found.data(), state));
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(fields_portable::kKernels.count(text.data(), 50, {}).ends_outside, ends_outside);
}

/// The text with bytes behind it that may be read.
struct Padded {
  std::string text;
  size_t size;
  explicit Padded(std::string_view value) : text(std::string(value) + std::string(kPadding, '7')), size(value.size()) {}
  operator std::string_view() const { return {text.data(), size}; }
};

template <class T>
std::optional<T> whole(std::string_view text) {
  T value = 0;
  return read_whole(Padded(text), value) ? std::optional(value) : std::nullopt;
}

TEST(CsvFields, whole_numbers_are_read_up_to_their_bounds) {
  EXPECT_EQ(whole<int64_t>("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(whole<int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(whole<int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(whole<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(whole<uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(whole<uint64_t>("-0"), std::nullopt);
  EXPECT_EQ(whole<int8_t>("-128"), -128);
  EXPECT_EQ(whole<int8_t>("128"), std::nullopt);
  EXPECT_EQ(whole<uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(whole<int32_t>("+7"), 7);
  EXPECT_EQ(whole<int32_t>("00000000000000000000007"), 7);
  for (const char* wrong : {"", "-", "+", "1x", "x", "1 ", "12345678x", "1234567:", "/", "--1", "1-", "\xFF"}) {
    EXPECT_EQ(whole<int64_t>(wrong), std::nullopt) << wrong;
  }
  for (int64_t value = 1; value < INT64_MAX / 10; value = value * 10 + 3) {
    EXPECT_EQ(whole<int64_t>(std::to_string(value)), value);
    EXPECT_EQ(whole<int64_t>(std::to_string(-value)), -value);
  }
}

TEST(CsvFields, floats_are_the_nearest_ones) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20'000; ++round) {
    double value = 0;
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    if (round % 2 == 0) value = static_cast<double>(static_cast<int64_t>(bits) % 1'000'000'000) / 1000;
    if (!std::isfinite(value)) continue;
    std::string text;
    append_float(value, text);
    double read = 0;
    ASSERT_TRUE(read_float(Padded(text), '.', read)) << text;
    EXPECT_EQ(read, value) << text;
  }
  double value = 0;
  EXPECT_TRUE(read_float(Padded("1,5"), ',', value) && value == 1.5);
  EXPECT_FALSE(read_float(Padded("1.5"), ',', value));
  for (const char* wrong : {"", ".", "-", "e5", "1e", "1.5.", "0x10", "1 "}) EXPECT_FALSE(read_float(Padded(wrong), '.', value)) << wrong;
}

TEST(CsvFields, days_that_no_calendar_has_are_none) {
  int32_t days = 0;
  EXPECT_TRUE(read_date(Padded("1970-01-02"), days) && days == 1);
  EXPECT_TRUE(read_date(Padded("29/02/2020"), days));
  for (const char* wrong : {"2021-02-29", "2020-13-01", "2020-00-01", "2020-01-00", "2020-01/01", "20-01-01", "2020-01-01 ", "2020-01"}) {
    EXPECT_FALSE(read_date(Padded(wrong), days)) << wrong;
  }
}

}  // namespace
}  // namespace headrace::frame::csv
