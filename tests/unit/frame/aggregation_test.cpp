#include "frame/operators/aggregation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "frame/array_builder.h"
#include "frame/group_by.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

const Schema kSchema = *Schema::make({{"key", TypeId::Int64}, {"value", TypeId::Float64}});

Array whole(const std::vector<int64_t>& values) {
  ArrayBuilder builder(TypeId::Int64);
  for (const int64_t value : values) EXPECT_TRUE(builder.append(value));
  return *builder.finish();
}

Array floats(const std::vector<double>& values) {
  ArrayBuilder builder(TypeId::Float64);
  for (const double value : values) EXPECT_TRUE(builder.append(value));
  return *builder.finish();
}

Expression of(AggregateOperator op, const char* column) { return Expression::aggregate({.op = op}, Expression::column(column)); }

Aggregation grouping(const std::vector<Expression>& aggregates, size_t workers,
                     const std::shared_ptr<MemoryBudget>& budget = process_budget()) {
  std::vector<BoundAggregate> bound;
  for (const Expression& one : aggregates) bound.push_back(*BoundAggregate::bind(one, kSchema));
  return Aggregation({*BoundExpression::bind(Expression::column("key"), kSchema)}, std::move(bound), workers, budget);
}

struct Rows {
  std::vector<int64_t> keys;
  std::vector<double> values;
};

Rows rows_of(size_t count, int64_t groups, uint64_t seed) {
  std::mt19937_64 random(seed);
  Rows rows;
  for (size_t i = 0; i < count; ++i) {
    rows.keys.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(groups)) * 1024);
    rows.values.push_back(std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 90) - 45));
  }
  return rows;
}

/// Chunks dealt to workers in a random order; the results as text, row by row.
std::vector<std::string> results(const Rows& rows, const std::vector<Expression>& aggregates, size_t workers, size_t chunk_rows,
                                 uint64_t seed) {
  Aggregation groups = grouping(aggregates, workers);
  std::vector<size_t> begins;
  for (size_t begin = 0; begin < rows.keys.size(); begin += chunk_rows) begins.push_back(begin);
  std::mt19937_64 random(seed);
  std::ranges::shuffle(begins, random);
  for (const size_t begin : begins) {
    const size_t end = std::min(rows.keys.size(), begin + chunk_rows);
    const auto from = static_cast<ptrdiff_t>(begin), to = static_cast<ptrdiff_t>(end);
    const Chunk chunk{.columns = {whole({rows.keys.begin() + from, rows.keys.begin() + to}),
                                  floats({rows.values.begin() + from, rows.values.begin() + to})},
                      .rows = end - begin};
    EXPECT_TRUE(groups.add(random() % workers, begin, chunk));
  }
  EXPECT_TRUE(groups.finish());
  std::vector<std::string> out;
  for (size_t i = 0; i < groups.chunks(); ++i) {
    const Chunk chunk = *groups.chunk(i);
    EXPECT_LE(chunk.rows, Aggregation::kRows);
    for (size_t row = 0; row < chunk.rows; ++row) {
      std::string text;
      for (const Array& column : chunk.columns) text += to_text(column, row) + " ";
      out.push_back(text);
    }
  }
  EXPECT_EQ(out.size(), groups.groups());
  return out;
}

TEST(Aggregation, groups_come_in_the_order_of_their_first_rows_with_the_same_bits_for_any_workers_and_chunks) {
  using enum AggregateOperator;
  const std::vector<Expression> aggregates{of(Sum, "value"),   of(Mean, "value"), of(Var, "value"),
                                           of(First, "value"), of(Max, "value"),  Expression::len()};
  for (const int64_t groups : {1, 50, 30'000}) {
    const Rows rows = rows_of(60'000, groups, 7);
    const std::vector<std::string> wanted = results(rows, aggregates, 1, rows.keys.size(), 1);
    std::map<int64_t, size_t> seen;
    std::vector<int64_t> order;
    for (const int64_t key : rows.keys) {
      if (seen[key]++ == 0) order.push_back(key);
    }
    ASSERT_EQ(wanted.size(), order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      ASSERT_TRUE(wanted[i].starts_with(std::to_string(order[i]) + " "));
      ASSERT_TRUE(wanted[i].ends_with(" " + std::to_string(seen[order[i]]) + " "));
    }
    EXPECT_EQ(results(rows, aggregates, 2, 5000, 2), wanted) << groups;
    EXPECT_EQ(results(rows, aggregates, 7, 777, 3), wanted) << groups;
  }
}

TEST(Aggregation, what_needs_all_values_of_a_group_has_them_in_the_order_of_rows) {
  using enum AggregateOperator;
  const std::vector<Expression> aggregates{of(Median, "value"), of(NUnique, "value"), of(Implode, "value")};
  const Rows rows = rows_of(20'000, 300, 8);
  const std::vector<std::string> wanted = results(rows, aggregates, 1, rows.keys.size(), 1);
  EXPECT_EQ(results(rows, aggregates, 3, 999, 2), wanted);
}

TEST(Aggregation, rows_put_aside_become_tables_where_groups_are_fewer_and_stay_rows_where_they_are_not) {
  // More rows than are kept at hand, with four rows a group and with one.
  for (const int64_t groups : {300'000, 100'000'000}) {
    const Rows rows = rows_of(1'200'000, groups, 9);
    const std::vector<Expression> aggregates{of(AggregateOperator::Sum, "value"), Expression::len()};
    EXPECT_TRUE(results(rows, aggregates, 1, 16'384, 1) == results(rows, aggregates, 2, 16'384, 2)) << groups;
  }
}

TEST(Aggregation, tables_of_rows_put_aside_are_kept_when_later_rows_are_all_of_new_groups) {
  Aggregation groups = grouping({Expression::len()}, 1);
  constexpr size_t kAll = 3'000'000, kChunk = 15'000;
  for (size_t begin = 0; begin < kAll; begin += kChunk) {
    std::vector<int64_t> keys(kChunk);
    for (size_t i = 0; i < kChunk; ++i) keys[i] = static_cast<int64_t>((begin + i) * 2 / 5);
    ASSERT_TRUE(groups.add(0, begin, {.columns = {whole(keys), Array()}, .rows = kChunk}));
  }
  ASSERT_TRUE(groups.finish());
  ASSERT_EQ(groups.groups(), kAll * 2 / 5);
  int64_t next = 0;
  for (size_t index = 0; index < groups.chunks(); ++index) {
    const Chunk chunk = *groups.chunk(index);
    for (size_t row = 0; row < chunk.rows; ++row, ++next) {
      ASSERT_EQ(chunk.columns[0].data<int64_t>()[row], next);
      ASSERT_EQ(chunk.columns[1].data<uint32_t>()[row], next % 2 == 0 ? 3u : 2u);
    }
  }
}

TEST(Aggregation, a_full_budget_is_an_error_and_what_was_reserved_is_given_back) {
  const auto budget = MemoryBudget::create("test", 1 << 20);
  {
    const Rows rows = rows_of(200'000, 150'000, 7);
    Aggregation groups = grouping({of(AggregateOperator::Sum, "value")}, 1, budget);
    Result<void> done = groups.add(0, 0, {.columns = {whole(rows.keys), floats(rows.values)}, .rows = rows.keys.size()});
    if (done) done = groups.finish();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::OutOfMemory);
  }
  EXPECT_EQ(budget->used_bytes(), 0u);
}

TEST(Aggregation, a_sum_that_does_not_fit_is_told_with_the_aggregate) {
  Aggregation groups = grouping({of(AggregateOperator::Sum, "key")}, 1);
  ASSERT_TRUE(groups.add(0, 0, {.columns = {whole({INT64_MAX, INT64_MAX}), floats({0, 0})}, .rows = 2}));
  const auto done = groups.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::OutOfRange);
  EXPECT_THAT(done.error().message, HasSubstr("col(\"key\").sum(): a sum does not fit Int64"));
}

TEST(GroupBy, of_no_rows_has_none_and_select_of_none_has_one) {
  const DataFrame empty = *DataFrame::make(kSchema, {whole({}), floats({})});
  const std::vector<Expression> keys{Expression::column("key")}, sums{of(AggregateOperator::Sum, "value"), Expression::len()};
  EXPECT_EQ(group_by(empty, keys, sums)->height(), 0u);
  const DataFrame one = *select(empty, sums);
  ASSERT_EQ(one.height(), 1u);
  EXPECT_EQ(to_text(one.columns()[0].chunks()[0], 0), "0.0");
  EXPECT_EQ(to_text(one.columns()[1].chunks()[0], 0), "0");
}

}  // namespace
}  // namespace headrace::frame
