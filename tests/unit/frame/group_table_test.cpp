#include "frame/keys/group_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "arrays.h"
#include "frame/data_frame.h"

namespace headrace::frame {
namespace {

struct Found {
  std::vector<uint32_t> groups;
  std::vector<std::string> keys;  ///< of the groups, as text
};

/// The columns' rows looked up in batches of a few.
Found found(const std::vector<Array>& columns, size_t rows_at_once) {
  std::vector<DataType> types;
  for (const Array& column : columns) types.push_back(column.type());
  const auto layout = std::make_shared<const KeyLayout>(types);
  GroupTable table(layout, process_budget());
  Found out;
  for (size_t begin = 0; begin < columns[0].size(); begin += rows_at_once) {
    const size_t rows = std::min(rows_at_once, columns[0].size() - begin);
    std::vector<Array> some;
    for (const Array& column : columns) some.push_back(column.slice(begin, rows));
    KeyBatch batch;
    EXPECT_TRUE(batch.assign(*layout, some, rows, process_budget()));
    std::vector<uint32_t> groups(rows);
    EXPECT_TRUE(table.find(batch, groups));
    out.groups.insert(out.groups.end(), groups.begin(), groups.end());
  }
  const std::vector<Array> keys = *table.columns();
  for (size_t group = 0; group < table.size(); ++group) {
    std::string text;
    for (const Array& key : keys) text += to_text(key, group) + "|";
    out.keys.push_back(text);
  }
  return out;
}

void expect_groups(const std::vector<Array>& columns, const std::vector<uint32_t>& groups, const std::vector<std::string>& keys) {
  for (const size_t rows : {1, 2, 3, 100}) {
    const Found all = found(columns, rows);
    EXPECT_EQ(all.groups, groups);
    EXPECT_EQ(all.keys, keys);
  }
}

TEST(GroupTable, one_column_of_64_bits_has_null_as_a_key_of_its_own) {
  expect_groups({fixed<int64_t>(TypeId::Int64, {0, std::nullopt, -1, 0, std::nullopt, -1})}, {0, 1, 2, 0, 1, 2}, {"0|", "null|", "-1|"});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_groups({fixed<double>(TypeId::Float64, {0.0, nan, -0.0, -nan, std::nullopt})}, {0, 1, 0, 1, 2}, {"0.0|", "NaN|", "null|"});
}

TEST(GroupTable, narrow_columns_are_packed_into_one_word_with_their_nulls) {
  expect_groups({fixed<int32_t>(TypeId::Int32, {1, std::nullopt, 1, 0, -1}),
                 fixed<int8_t>(TypeId::Int8, {int8_t{-1}, int8_t{-1}, int8_t{-1}, std::nullopt, int8_t{0}})},
                {0, 1, 0, 2, 3}, {"1|-1|", "null|-1|", "0|null|", "-1|0|"});
}

TEST(GroupTable, strings_of_one_column_are_keys_by_their_bytes) {
  const std::string longer = "a string of more than twelve bytes";
  for (const TypeId type : {TypeId::String, TypeId::Categorical}) {
    expect_groups({texts(type, {"", std::nullopt, longer, "x", longer, "", std::nullopt})}, {0, 1, 2, 3, 2, 0, 1},
                  {"|", "null|", longer + "|", "x|"});
  }
}

TEST(GroupTable, columns_that_fit_no_word_are_keys_together) {
  expect_groups({texts(TypeId::String, {"a", "ab", "a", std::nullopt, "a"}), texts(TypeId::String, {"bc", "c", "bc", "", std::nullopt})},
                {0, 1, 0, 2, 3}, {"a|bc|", "ab|c|", "null||", "a|null|"});
  expect_groups({fixed<int64_t>(TypeId::Int64, {1, 2, 1}), fixed<double>(TypeId::Float64, {0.0, 0.5, -0.0})}, {0, 1, 0},
                {"1|0.0|", "2|0.5|"});
  ArrayBuilder lists(DataType::list(TypeId::Int64));
  for (const std::vector<int64_t>& list : std::vector<std::vector<int64_t>>{{1, 2}, {}, {1, 2}, {1}}) {
    for (const int64_t item : list) ASSERT_TRUE(lists.items().append(item));
    ASSERT_TRUE(lists.append_list());
  }
  expect_groups({*lists.finish()}, {0, 1, 0, 2}, {"[1, 2]|", "[]|", "[1]|"});
}

TEST(GroupTable, many_keys_have_the_numbers_of_their_first_rows) {
  std::mt19937_64 random(7);
  std::vector<std::optional<int64_t>> values;
  std::vector<std::optional<std::string>> words;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<int64_t>(random() % 5000);
    values.emplace_back(value);
    words.emplace_back("key " + std::to_string(value) + std::string(static_cast<size_t>(value % 20), '.'));
  }
  std::map<int64_t, uint32_t> numbers;
  std::vector<uint32_t> wanted;
  for (const auto& value : values) wanted.push_back(numbers.try_emplace(*value, static_cast<uint32_t>(numbers.size())).first->second);
  EXPECT_EQ(found({fixed<int64_t>(TypeId::Int64, values)}, 1000).groups, wanted);
  EXPECT_EQ(found({texts(TypeId::String, words)}, 1000).groups, wanted);
  EXPECT_EQ(found({texts(TypeId::String, words), fixed<int64_t>(TypeId::Int64, values)}, 999).groups, wanted);
}

TEST(GroupTable, a_full_budget_is_an_error_and_what_was_reserved_is_given_back) {
  const auto budget = MemoryBudget::create("test", 256 << 10);
  {
    const auto layout = std::make_shared<const KeyLayout>(std::vector<DataType>{TypeId::Int64});
    GroupTable table(layout, budget);
    std::vector<std::optional<int64_t>> values;
    for (int64_t i = 0; i < 100'000; ++i) values.emplace_back(i);
    KeyBatch batch;
    ASSERT_TRUE(batch.assign(*layout, {fixed<int64_t>(TypeId::Int64, values)}, values.size(), process_budget()));
    std::vector<uint32_t> groups(values.size());
    const auto done = table.find(batch, groups);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::OutOfMemory);
  }
  EXPECT_EQ(budget->used_bytes(), 0u);
}

}  // namespace
}  // namespace headrace::frame
