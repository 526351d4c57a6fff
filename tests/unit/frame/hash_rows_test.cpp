#include "frame/keys/hash_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "arrays.h"
#include "frame/columns/gather.h"
#include "frame/half.h"
#include "frame/int128.h"

namespace headrace::frame {
namespace {

std::vector<uint64_t> hashes_of(const std::vector<Array>& keys) {
  std::vector<uint64_t> hashes(keys.empty() ? 0 : keys[0].size());
  EXPECT_TRUE(hash_rows(keys, hashes));
  return hashes;
}

/// Rows that are to be equal have one number. Hashes, rows_equal and keep_equal must all say so.
void expect_classes(const std::vector<Array>& keys, const std::vector<int>& classes) {
  const std::vector<uint64_t> hashes = hashes_of(keys);
  for (size_t i = 0; i < classes.size(); ++i) {
    for (size_t j = 0; j < classes.size(); ++j) {
      const bool wanted = classes[i] == classes[j];
      EXPECT_EQ(hashes[i] == hashes[j], wanted) << i << " " << j;
      EXPECT_EQ(rows_equal(keys, i, keys, j), wanted) << i << " " << j;
      const std::vector<uint64_t> left{i, i}, right{j, j};
      std::vector<uint8_t> equal{1, 0};
      keep_equal(keys, left, keys, right, equal);
      EXPECT_EQ(equal, (std::vector<uint8_t>{wanted, 0})) << i << " " << j;
    }
  }
}

TEST(HashRows, there_is_one_zero_and_one_nan_and_null_is_a_value) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), other_nan = std::bit_cast<double>(uint64_t{0xFFF0000000000001});
  expect_classes({fixed<double>(TypeId::Float64, {0.0, -0.0, nan, other_nan, std::nullopt, 1.0, std::nullopt})}, {0, 0, 1, 1, 2, 3, 2});
  const float short_nan = std::numeric_limits<float>::quiet_NaN();
  expect_classes({fixed<float>(TypeId::Float32, {0.0f, -0.0f, short_nan, -short_nan, std::nullopt, 1.0f})}, {0, 0, 1, 1, 2, 3});
  expect_classes({fixed<uint16_t>(TypeId::Float16, {to_half(0.0), to_half(-0.0), to_half(nan), uint16_t{0xFE01}, to_half(1.0)})},
                 {0, 0, 1, 1, 2});
}

TEST(HashRows, whole_numbers_of_any_width_and_decimals_are_told_apart) {
  expect_classes({fixed<int8_t>(TypeId::Int8, {int8_t{-1}, int8_t{0}, int8_t{-1}, std::nullopt})}, {0, 1, 0, 2});
  expect_classes({fixed<uint64_t>(TypeId::UInt64, {UINT64_MAX, 0, 1, UINT64_MAX})}, {0, 1, 2, 0});
  const Int128 high = Int128{1} << 64, zero = 0, one = 1;
  const std::vector<std::optional<Int128>> decimals{high, zero, -high, high + one, one, high};
  expect_classes({fixed<Int128>(*DataType::decimal(38, 2), decimals)}, {0, 1, 2, 3, 4, 0});
}

TEST(HashRows, strings_of_every_length_are_hashed_by_their_bytes_wherever_they_lie) {
  std::vector<std::optional<std::string>> values;
  std::vector<int> classes;
  for (int length = 0; length < 70; ++length) {
    values.emplace_back(std::string(static_cast<size_t>(length), 'x'));
    classes.push_back(length);
  }
  const Array array = texts(TypeId::String, values);
  expect_classes({array}, classes);
  // A slice, and a copy with other blocks.
  const std::vector<uint64_t> all = hashes_of({array});
  const std::vector<uint64_t> sliced = hashes_of({*compact(array.slice(11, 40), process_budget())});
  EXPECT_TRUE(std::ranges::equal(sliced, std::span(all).subspan(11, 40)));
}

TEST(HashRows, one_changed_byte_of_a_long_string_changes_the_hash) {
  std::set<uint64_t> seen;
  std::vector<std::optional<std::string>> values;
  for (size_t length : {13, 16, 17, 31, 32, 33, 48, 49}) {
    for (size_t i = 0; i < length; ++i) {
      std::string one(length, 'x');
      one[i] = 'y';
      values.emplace_back(std::move(one));
    }
  }
  for (const uint64_t hash : hashes_of({texts(TypeId::String, values)})) seen.insert(hash);
  EXPECT_EQ(seen.size(), values.size());
}

TEST(HashRows, categories_are_their_strings_whatever_their_codes) {
  const Array one = texts(TypeId::Categorical, {"mill", "race", std::nullopt, "mill"}),
              other = texts(TypeId::Categorical, {"race", "mill", "wheel"});
  expect_classes({one}, {0, 1, 2, 0});
  const std::vector<uint64_t> left = hashes_of({one}), right = hashes_of({other});
  EXPECT_EQ(left[0], right[1]);
  EXPECT_EQ(left[1], right[0]);
  const std::vector<uint64_t> few = hashes_of({other.slice(1, 1)});  // more categories than rows
  EXPECT_EQ(few[0], left[0]);
  EXPECT_TRUE(rows_equal({&one, 1}, 0, {&other, 1}, 1));
  EXPECT_FALSE(rows_equal({&one, 1}, 0, {&other, 1}, 0));
}

TEST(HashRows, lists_bits_and_columns_without_values_are_keys_too) {
  ArrayBuilder lists(DataType::list(TypeId::Int64));
  for (const std::vector<int64_t>& list : std::vector<std::vector<int64_t>>{{1, 2}, {}, {1}, {2, 1}, {1, 2}}) {
    for (const int64_t item : list) ASSERT_TRUE(lists.items().append(item));
    ASSERT_TRUE(lists.append_list());
  }
  expect_classes({*lists.finish()}, {0, 1, 2, 3, 0});
  ArrayBuilder bits(TypeId::Bool);
  for (const bool bit : {true, false, true}) ASSERT_TRUE(bits.append_bool(bit));
  ASSERT_TRUE(bits.append_null());
  const Array bools = *bits.finish();
  expect_classes({bools}, {0, 1, 0, 2});
  expect_classes({*Array::all_null(TypeId::Null, 4), bools}, {0, 1, 0, 2});
}

TEST(HashRows, rows_of_several_columns_depend_on_which_column_a_value_stands_in) {
  expect_classes({fixed<int64_t>(TypeId::Int64, {1, 2, 1, std::nullopt, 1}), fixed<int64_t>(TypeId::Int64, {2, 1, 2, 1, std::nullopt})},
                 {0, 1, 0, 2, 3});
}

TEST(HashRows, upper_and_lower_bits_of_hashes_of_close_numbers_are_spread) {
  for (const int64_t step : {1, 8, 1024, 1 << 20}) {
    std::vector<std::optional<int64_t>> values;
    for (int64_t i = 0; i < 4096; ++i) values.emplace_back(i * step);
    std::set<uint64_t> upper, lower;
    for (const uint64_t hash : hashes_of({fixed<int64_t>(TypeId::Int64, values)})) {
      upper.insert(hash >> 52);
      lower.insert(hash & 4095);
    }
    // Random ones would hit 1 - 1/e of 4096 places.
    EXPECT_GT(upper.size(), 2400u) << step;
    EXPECT_GT(lower.size(), 2400u) << step;
  }
}

}  // namespace
}  // namespace headrace::frame
