#include "frame/array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "frame/array_builder.h"
#include "frame/columns/gather.h"
#include "frame/data_frame.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

Array strings(const std::vector<std::optional<std::string>>& values) {
  ArrayBuilder builder(TypeId::String);
  for (const auto& value : values) EXPECT_TRUE(value ? builder.append_bytes(*value) : builder.append_null());
  return *builder.finish();
}

std::vector<std::string> texts(const Array& array) {
  std::vector<std::string> out;
  for (size_t i = 0; i < array.size(); ++i) out.push_back(to_text(array, i));
  return out;
}

TEST(Array, strings_short_and_long_come_back_as_they_were) {
  const std::string longer(5000, 'x'), longest(3 << 20, 'y');
  const Array array = strings({"", "twelve bytes", "thirteen byte", std::nullopt, longer, longest, "é中😀"});
  EXPECT_EQ(array.nulls(), 1u);
  EXPECT_EQ(array.bytes(1), "twelve bytes");
  EXPECT_EQ(array.bytes(2), "thirteen byte");
  EXPECT_FALSE(array.is_valid(3));
  EXPECT_EQ(array.bytes(4), longer);
  EXPECT_EQ(array.bytes(5), longest);
  EXPECT_EQ(array.bytes(6), "é中😀");
}

TEST(Array, a_slice_of_a_slice_counts_its_own_nulls) {
  ArrayBuilder builder(TypeId::Int64);
  for (int64_t i = 0; i < 200; ++i) ASSERT_TRUE(i % 3 == 0 ? builder.append_null() : builder.append(i));
  const Array slice = (*builder.finish()).slice(10, 100).slice(5, 9);
  EXPECT_EQ(texts(slice), (std::vector<std::string>{"null", "16", "17", "null", "19", "20", "null", "22", "23"}));
  EXPECT_EQ(slice.nulls(), 3u);
}

TEST(Array, a_buffer_too_small_for_its_rows_is_refused) {
  const auto array = Array::make({.type = TypeId::Int64, .size = 9, .values = *Buffer::allocate(64)});
  ASSERT_FALSE(array);
  EXPECT_THAT(array.error().message, HasSubstr("needs 72 bytes of values and has 64"));
}

TEST(Array, lists_categories_and_bits_are_gathered_with_nulls_where_no_row_is_named) {
  ArrayBuilder lists(DataType::list(TypeId::UInt32));
  for (uint32_t n = 0; n < 4; ++n) {
    for (uint32_t i = 0; i < n; ++i) ASSERT_TRUE(lists.items().append(10 * n + i));
    ASSERT_TRUE(lists.append_list());
  }
  const std::vector<uint64_t> rows{3, kNoRow, 1, 3, 0};
  EXPECT_EQ(texts(*gather(*lists.finish(), rows, process_budget())),
            (std::vector<std::string>{"[30, 31, 32]", "null", "[10]", "[30, 31, 32]", "[]"}));

  ArrayBuilder categories(TypeId::Categorical);
  for (const char* value : {"mill", "race", "mill", "wheel"}) ASSERT_TRUE(categories.append_bytes(value));
  const Array array = *categories.finish();
  EXPECT_EQ(array.categories().size(), 3u);
  EXPECT_EQ(texts(*gather(array, rows, process_budget())), (std::vector<std::string>{"wheel", "null", "race", "wheel", "mill"}));

  ArrayBuilder bits(TypeId::Bool);
  for (const bool value : {true, false, true, true}) ASSERT_TRUE(bits.append_bool(value));
  EXPECT_EQ(texts(*gather(*bits.finish(), rows, process_budget())), (std::vector<std::string>{"true", "null", "false", "true", "true"}));
}

TEST(Array, a_compacted_copy_holds_no_more_than_its_rows_need) {
  std::vector<std::optional<std::string>> values(1000, std::string(100, 'v'));
  const Array slice = strings(values).slice(10, 3);
  EXPECT_GT(slice.held_bytes(), 100'000u);
  EXPECT_LT(slice.live_bytes(), 400u);
  const Array copy = *compact(slice, process_budget());
  EXPECT_LT(copy.held_bytes(), 20'000u);
  EXPECT_EQ(texts(copy), texts(slice));
}

TEST(ArrayBuilder, a_full_budget_is_an_error_and_what_was_reserved_is_given_back) {
  const auto budget = MemoryBudget::create("test", 64 << 10);
  {
    ArrayBuilder builder(TypeId::Int64, budget);
    Result<void> appended;
    for (int64_t i = 0; i < 100'000 && appended; ++i) appended = builder.append(i);
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().kind, ErrorKind::OutOfMemory);
  }
  EXPECT_EQ(budget->used_bytes(), 0u);
}

TEST(Array, values_are_shown_as_people_write_them) {
  const auto shown = [](DataType type, auto value) {
    ArrayBuilder builder(type);
    EXPECT_TRUE(builder.append(value));
    return to_text(*builder.finish(), 0);
  };
  EXPECT_EQ(shown(TypeId::Float64, 1.0), "1.0");
  EXPECT_EQ(shown(TypeId::Float64, 0.1), "0.1");
  EXPECT_EQ(shown(TypeId::Float32, 1e20f), "1e+20");
  EXPECT_EQ(shown(TypeId::Float16, uint16_t{0x3555}), "0.33325195");
  EXPECT_EQ(shown(*DataType::decimal(15, 2), int64_t{-5}), "-0.05");
  EXPECT_EQ(shown(*DataType::decimal(15, 2), int64_t{1147508701699}), "11475087016.99");
  EXPECT_EQ(shown(TypeId::Date, int32_t{0}), "1970-01-01");
  EXPECT_EQ(shown(TypeId::Date, int32_t{-1}), "1969-12-31");
  EXPECT_EQ(shown(TypeId::Date, int32_t{19782}), "2024-02-29");
  EXPECT_EQ(shown(TypeId::Date, int32_t{-719529}), "-0001-12-31");
  EXPECT_EQ(shown(DataType::datetime(TimeUnit::Millisecond), int64_t{-1}), "1969-12-31 23:59:59.999");
  EXPECT_EQ(shown(DataType::datetime(TimeUnit::Microsecond, "Europe/Vienna"), int64_t{0}), "1970-01-01 00:00:00 UTC");
  EXPECT_EQ(shown(DataType::duration(TimeUnit::Nanosecond), int64_t{-90'061'000'000'005}), "-1d 1h 1m 1s 5ns");
}

}  // namespace
}  // namespace headrace::frame
