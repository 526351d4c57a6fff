#include "frame/join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "frame/array_builder.h"
#include "frame/columns/gather.h"
#include "frame/keys/join_table.h"
#include "frame/operators/join.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;
using Value = std::optional<int64_t>;

Array whole_numbers(const std::vector<Value>& values) {
  ArrayBuilder builder(TypeId::Int64);
  for (const Value& value : values) EXPECT_TRUE(value ? builder.append(*value) : builder.append_null());
  return *builder.finish();
}

Array texts_of(const std::vector<Value>& values) {
  ArrayBuilder builder(TypeId::String);
  for (const Value& value : values) {
    EXPECT_TRUE(value ? builder.append_bytes("the key of number " + std::to_string(*value)) : builder.append_null());
  }
  return *builder.finish();
}

/// The rows that a table finds for each key.
std::vector<std::vector<uint64_t>> found_by(const JoinTable& table, const Array& keys) {
  std::vector<uint64_t> first(keys.size());
  EXPECT_TRUE(table.find({&keys, 1}, first));
  std::vector<std::vector<uint64_t>> found(keys.size());
  for (size_t i = 0; i < first.size(); ++i) {
    for (uint64_t row = first[i]; row != kNoRow; row = table.next(row)) found[i].push_back(row);
  }
  return found;
}

std::vector<std::vector<uint64_t>> wanted_of(const std::vector<Value>& keys, const std::vector<Value>& others, bool nulls_equal) {
  std::map<Value, std::vector<uint64_t>> rows;
  for (size_t i = 0; i < keys.size(); ++i) rows[keys[i]].push_back(i);
  std::vector<std::vector<uint64_t>> found;
  for (const Value& other : others) found.push_back(other || nulls_equal ? rows[other] : std::vector<uint64_t>());
  return found;
}

/// Keys as they come: all different, in chains, one that most rows have, far apart.
std::vector<Value> random_keys(std::mt19937_64& random, size_t rows, int kind) {
  std::vector<Value> keys(rows);
  for (Value& key : keys) {
    const uint64_t number = random();
    key = static_cast<int64_t>(kind == 0   ? number % (rows + 1)
                               : kind == 1 ? number % 10
                               : kind == 2 ? (number % 100 < 95 ? 3 : number % 1'000)
                                           : number % (rows + 1) << 40);
    if (number % 37 == 0) key = std::nullopt;
  }
  return keys;
}

TEST(JoinTable, finds_the_rows_of_equal_keys_in_their_order) {
  std::mt19937_64 random(11);
  for (const size_t rows : {0, 1, 5, 1'000, 150'000}) {
    for (int kind = 0; kind < 4; ++kind) {
      // Where chains are long, few look for them.
      const size_t other_rows = kind == 1 || kind == 2 ? 50 : 3'000;
      const std::vector<Value> keys = random_keys(random, rows, kind), others = random_keys(random, other_rows, kind);
      for (const bool nulls_equal : {false, true}) {
        const auto wanted = wanted_of(keys, others, nulls_equal);
        const auto packed = JoinTable::make({whole_numbers(keys)}, rows, nulls_equal, process_budget());
        EXPECT_EQ(found_by(*packed, whole_numbers(others)), wanted) << rows << ' ' << kind << ' ' << nulls_equal;
        const auto hashed = JoinTable::make({texts_of(keys)}, rows, nulls_equal, process_budget());
        EXPECT_EQ(found_by(*hashed, texts_of(others)), wanted) << rows << ' ' << kind << ' ' << nulls_equal;
      }
    }
  }
}

TEST(JoinTable, tells_whether_rows_have_equal_keys) {
  EXPECT_FALSE(JoinTable::make({whole_numbers({1, 2, std::nullopt, std::nullopt})}, 4, false, process_budget())->has_chains());
  EXPECT_TRUE(JoinTable::make({whole_numbers({1, 2, std::nullopt, std::nullopt})}, 4, true, process_budget())->has_chains());
  EXPECT_TRUE(JoinTable::make({whole_numbers({1, INT64_MAX, 1})}, 3, false, process_budget())->has_chains());
}

TEST(PackedKeys, values_beyond_the_range_have_no_word) {
  const std::vector<Array> columns{whole_numbers({10, 20}), whole_numbers({-5, 5})};
  const auto keys = PackedKeys::make(columns, false);
  std::vector<uint64_t> words(6);
  keys->pack(std::vector{whole_numbers({10, 20, 9, 21, 10, std::nullopt}), whole_numbers({-5, 5, 0, 0, INT64_MIN, 0})}, words);
  EXPECT_NE(words[0], words[1]);
  EXPECT_LT(words[1], keys->words());
  EXPECT_EQ(std::count(words.begin(), words.end(), PackedKeys::kNone), 4);
  EXPECT_FALSE(PackedKeys::make(std::vector{whole_numbers({INT64_MIN, INT64_MAX})}, false));
}

const Schema kLeft = *Schema::make({{"k", TypeId::Int64}, {"l", TypeId::Int64}});
const Schema kRight = *Schema::make({{"k", TypeId::Int64}, {"r", TypeId::Int64}});

TEST(Join, what_several_threads_add_and_look_up_is_one_join) {
  constexpr size_t kChunks = 12, kChunkRows = 2'000, kWorkers = 3;
  std::mt19937_64 random(5);
  const std::vector<Value> left = random_keys(random, kChunks * kChunkRows, 0), right = random_keys(random, kChunks * kChunkRows, 0);
  std::vector<Value> numbers(left.size());
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i);
  const Chunk left_rows{.columns = {whole_numbers(left), whole_numbers(numbers)}, .rows = left.size()};
  const Chunk right_rows{.columns = {whole_numbers(right), whole_numbers(numbers)}, .rows = right.size()};
  const auto part = [&](const Chunk& chunk, size_t i) {
    return Chunk{.columns = {chunk.columns[0].slice(i * kChunkRows, kChunkRows), chunk.columns[1].slice(i * kChunkRows, kChunkRows)},
                 .rows = kChunkRows};
  };
  const Expression key[] = {Expression::column("k")};
  Join join = *Join::make(kLeft, kRight, key, key, {.kind = JoinKind::Full}, kWorkers, process_budget());
  std::vector<std::vector<Chunk>> found(kChunks + 1);
  const auto on_all = [&](const auto& run) {
    std::vector<std::thread> threads;
    for (size_t worker = 0; worker < kWorkers; ++worker) {
      threads.emplace_back([&, worker] {
        for (size_t i = kChunks; i-- > 0;) {
          if (i % kWorkers == worker) run(worker, i);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  const auto into = [&](size_t i) {
    return [&, i](Chunk chunk) -> Result<void> {
      EXPECT_LE(chunk.rows, Join::kRows);
      found[i].push_back(std::move(chunk));
      return {};
    };
  };
  on_all([&](size_t worker, size_t i) { EXPECT_TRUE(join.add(worker, i * kChunkRows * 3, part(right_rows, i))); });
  ASSERT_TRUE(join.finish());
  on_all([&](size_t, size_t i) { EXPECT_TRUE(join.probe(part(left_rows, i), into(i))); });
  ASSERT_TRUE(join.unmatched(into(kChunks)));

  std::vector<std::pair<Value, Value>> wanted, got;
  std::vector<bool> matched(right.size());
  const auto rows = wanted_of(right, left, false);
  for (size_t i = 0; i < left.size(); ++i) {
    if (rows[i].empty()) wanted.emplace_back(i, std::nullopt);
    for (const uint64_t row : rows[i]) {
      wanted.emplace_back(i, row);
      matched[row] = true;
    }
  }
  for (size_t i = 0; i < right.size(); ++i) {
    if (!matched[i]) wanted.emplace_back(std::nullopt, i);
  }
  const auto value_at = [](const Array& array, size_t row) {
    return array.is_valid(row) ? Value(array.data<int64_t>()[row]) : std::nullopt;
  };
  for (const std::vector<Chunk>& chunks : found) {
    for (const Chunk& chunk : chunks) {
      for (size_t row = 0; row < chunk.rows; ++row) got.emplace_back(value_at(chunk.columns[1], row), value_at(chunk.columns[3], row));
    }
  }
  EXPECT_EQ(got, wanted);
}

TEST(Join, an_error_of_who_takes_the_rows_ends_it) {
  const Expression key[] = {Expression::column("k")};
  Join join = *Join::make(kLeft, kRight, key, key, {}, 1, process_budget());
  const Chunk chunk{.columns = {whole_numbers({1, 2}), whole_numbers({1, 2})}, .rows = 2};
  ASSERT_TRUE(join.add(0, 0, chunk));
  ASSERT_TRUE(join.finish());
  const auto done = join.probe(chunk, [](const Chunk&) -> Result<void> { return fail(ErrorKind::Cancelled, "enough"); });
  EXPECT_EQ(done.error().message, "enough");
}

TEST(Join, memory_that_is_not_there_is_an_error) {
  const Expression key[] = {Expression::column("k")};
  Join join = *Join::make(kLeft, kRight, key, key, {}, 1, MemoryBudget::create("test", 1000));
  const Array column = whole_numbers(std::vector<Value>(10'000, 1));
  ASSERT_TRUE(join.add(0, 0, {.columns = {column, column}, .rows = column.size()}));
  EXPECT_EQ(join.finish().error().kind, ErrorKind::OutOfMemory);
}

TEST(Join, keys_without_a_type_in_common_are_refused_by_name) {
  const Schema right = *Schema::make({{"f", TypeId::Float64}});
  const Expression on[] = {Expression::column("k")}, other[] = {Expression::column("f")};
  EXPECT_THAT(Join::make(kLeft, right, on, other, {}, 1, process_budget()).error().message,
              HasSubstr("The keys col(\"k\") and col(\"f\") of the join: Int64 and Float64 have no type in common"));
}

}  // namespace
}  // namespace headrace::frame
