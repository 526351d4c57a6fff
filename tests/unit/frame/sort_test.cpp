#include "frame/sort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "frame/array_builder.h"
#include "frame/keys/sort_rows.h"
#include "frame/operators/sort.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

Array whole_numbers(const std::vector<std::optional<int64_t>>& values) {
  ArrayBuilder builder(TypeId::Int64);
  for (const auto& value : values) EXPECT_TRUE(value ? builder.append(*value) : builder.append_null());
  return *builder.finish();
}

Array texts(const std::vector<std::string>& values) {
  ArrayBuilder builder(TypeId::String);
  for (const std::string& value : values) EXPECT_TRUE(builder.append_bytes(value));
  return *builder.finish();
}

std::vector<uint64_t> order_of(std::vector<Array> columns, const std::vector<SortOrder>& orders, size_t wanted = SIZE_MAX) {
  const size_t rows = columns[0].size();
  const auto keys = SortKeys::make(std::move(columns), orders);
  const auto order = sorted_rows(*keys, rows, wanted, process_budget());
  return {order->as<uint64_t>(), order->as<uint64_t>() + std::min(rows, wanted)};
}

const Schema kSchema = *Schema::make({{"key", TypeId::Int64}, {"row", TypeId::Int64}});

Sort sort_by_key(size_t limit, size_t workers, const std::shared_ptr<MemoryBudget>& budget = process_budget()) {
  return *Sort::make(kSchema, {*BoundExpression::bind(Expression::column("key"), kSchema)}, {SortOrder{}}, limit, workers, budget);
}

/// Key and row of all rows of the result.
std::vector<std::pair<int64_t, int64_t>> rows_of(const Sort& sort) {
  std::vector<std::pair<int64_t, int64_t>> rows;
  for (size_t i = 0; i < sort.chunks(); ++i) {
    const Chunk chunk = *sort.chunk(i);
    EXPECT_LE(chunk.rows, Sort::kRows);
    const auto *keys = chunk.columns[0].data<int64_t>(), *numbers = chunk.columns[1].data<int64_t>();
    for (size_t row = 0; row < chunk.rows; ++row) rows.emplace_back(keys[row], numbers[row]);
  }
  return rows;
}

TEST(SortKeys, columns_of_small_ranges_share_a_word) {
  const SortOrder up;
  const Array small = whole_numbers({-1000, 1000, std::nullopt}), wide = whole_numbers({INT64_MIN, INT64_MAX, 0});
  EXPECT_EQ(SortKeys::make({small, small, small}, std::vector{up, up, up})->steps(), 1u);
  EXPECT_EQ(SortKeys::make({small, wide, small}, std::vector{up, up, up})->steps(), 3u);
  EXPECT_EQ(SortKeys::make({whole_numbers({5, 5})}, std::vector{up})->steps(), 0u);
}

TEST(SortKeys, null_has_a_bit_of_its_own_where_every_word_is_a_value) {
  const std::vector<Array> columns{whole_numbers({INT64_MAX, std::nullopt, INT64_MIN, 0})};
  EXPECT_EQ(order_of(columns, {{.descending = false, .nulls_last = false}}), (std::vector<uint64_t>{1, 2, 3, 0}));
  EXPECT_EQ(order_of(columns, {{.descending = true, .nulls_last = true}}), (std::vector<uint64_t>{0, 3, 2, 1}));
}

TEST(SortRows, strings_that_are_equal_for_long_are_told_apart) {
  const std::string start(10'000, 'x');
  EXPECT_EQ(order_of({texts({start + "b", start, start + "a", start.substr(1), start + "a"})}, {SortOrder{}}),
            (std::vector<uint64_t>{3, 1, 2, 4, 0}));
}

TEST(SortRows, strings_that_end_with_zeros_come_after_those_that_do_not) {
  using namespace std::string_literals;
  EXPECT_EQ(order_of({texts({"a\0\0"s, "a\0"s, "a"s, "1234567\0"s, "1234567"s})}, {SortOrder{}}), (std::vector<uint64_t>{4, 3, 2, 1, 0}));
}

TEST(SortRows, the_first_rows_alone_are_put_in_order_where_no_more_are_wanted) {
  std::mt19937_64 random(3);
  std::vector<std::optional<int64_t>> values(5'000);
  for (auto& value : values) value = static_cast<int64_t>(random() % 1'000);
  const std::vector<Array> columns{whole_numbers(values)};
  const std::vector<uint64_t> all = order_of(columns, {SortOrder{}});
  for (const size_t wanted : {0, 1, 17, 4'999}) {
    const std::vector<uint64_t> first(all.begin(), all.begin() + static_cast<int64_t>(wanted));
    EXPECT_EQ(order_of(columns, {SortOrder{}}, wanted), first);
  }
}

TEST(Sort, rows_that_several_threads_add_come_out_in_order_and_equal_ones_by_their_place) {
  constexpr size_t kChunks = 40, kChunkRows = 3'000, kWorkers = 4;
  std::mt19937_64 random(7);
  std::vector<std::pair<int64_t, int64_t>> wanted;
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < kChunks; ++i) {
    std::vector<std::optional<int64_t>> keys, rows;
    for (size_t row = 0; row < kChunkRows; ++row) {
      keys.push_back(static_cast<int64_t>(random() % 500));
      rows.push_back(static_cast<int64_t>(i * kChunkRows + row));
      wanted.emplace_back(*keys.back(), *rows.back());
    }
    chunks.push_back({.columns = {whole_numbers(keys), whole_numbers(rows)}, .rows = kChunkRows});
  }
  std::ranges::stable_sort(wanted, {}, &std::pair<int64_t, int64_t>::first);
  for (const size_t limit : {SIZE_MAX, size_t{0}, size_t{10}, size_t{2'000}, size_t{20'000}, size_t{1'000'000}}) {
    Sort sort = sort_by_key(limit, kWorkers);
    std::vector<std::thread> threads;
    for (size_t worker = 0; worker < kWorkers; ++worker) {
      threads.emplace_back([&, worker] {
        // Neither in order nor without gaps.
        for (size_t i = kChunks; i-- > 0;) {
          if (i % kWorkers != worker) continue;
          EXPECT_TRUE(sort.add(worker, i * kChunkRows * 2, chunks[i]));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_TRUE(sort.finish());
    std::vector<std::pair<int64_t, int64_t>> first(wanted.begin(), wanted.begin() + static_cast<int64_t>(std::min(limit, wanted.size())));
    EXPECT_EQ(rows_of(sort), first) << limit;
  }
}

TEST(Sort, without_rows_there_are_none) {
  Sort sort = sort_by_key(SIZE_MAX, 2);
  ASSERT_TRUE(sort.finish());
  EXPECT_EQ(sort.rows(), 0u);
  EXPECT_EQ(sort.chunks(), 0u);
}

TEST(Sort, memory_that_is_not_there_is_an_error_and_with_a_limit_little_is_needed) {
  constexpr size_t kRows = 10'000;
  std::vector<std::optional<int64_t>> values(kRows);
  for (size_t i = 0; i < kRows; ++i) values[i] = static_cast<int64_t>(i * 7'919 % kRows);
  const Array column = whole_numbers(values);
  const auto budget = MemoryBudget::create("test", 1 << 20);
  Sort all = sort_by_key(SIZE_MAX, 1, budget), few = sort_by_key(5, 1, budget);
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(all.add(0, i * kRows, {.columns = {column, column}, .rows = kRows}));
    ASSERT_TRUE(few.add(0, i * kRows, {.columns = {column, column}, .rows = kRows}));
  }
  EXPECT_EQ(all.finish().error().kind, ErrorKind::OutOfMemory);
  ASSERT_TRUE(few.finish());
  EXPECT_EQ(rows_of(few), (std::vector<std::pair<int64_t, int64_t>>(5, {0, 0})));
}

TEST(Sort, lists_have_no_order) {
  const Schema schema = *Schema::make({{"l", DataType::list(TypeId::Int64)}});
  const auto sort = Sort::make(schema, {*BoundExpression::bind(Expression::column("l"), schema)}, {SortOrder{}}, SIZE_MAX, 1,
                               process_budget());
  EXPECT_THAT(sort.error().message, HasSubstr("List(Int64) has no order"));
}

}  // namespace
}  // namespace headrace::frame
