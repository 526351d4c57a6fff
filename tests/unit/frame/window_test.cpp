#include "frame/window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "frame/column_function.h"
#include "frame/plan.h"
#include "arrays.h"

namespace headrace::frame {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bound = WindowFrame::Bound;
using Unit = WindowFrame::Unit;

DataFrame frame_of(std::vector<std::optional<int64_t>> keys, std::vector<std::optional<int64_t>> order,
                   std::vector<std::optional<int64_t>> values) {
  const Schema schema = *Schema::make({{"k", TypeId::Int64}, {"t", TypeId::Int64}, {"v", TypeId::Int64}});
  return *DataFrame::make(
      schema, {fixed<int64_t>(TypeId::Int64, keys), fixed<int64_t>(TypeId::Int64, order), fixed<int64_t>(TypeId::Int64, values)});
}

const DataFrame kFrame = frame_of({1, 2, 1, 1, 2, 1}, {1, 5, 2, 2, 6, 9}, {1, 10, 2, 4, {}, 8});

Expression column(const char* name) { return Expression::column(name); }
Expression aggregate(AggregateOperator op, const char* name = "v") { return Expression::aggregate({.op = op}, column(name)); }

std::vector<int64_t> values_of(const DataFrame& frame, const Expression& expression) {
  const auto made = select(frame, std::vector{expression});
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  std::vector<int64_t> values;
  for (const Array& chunk : made->columns()[0].chunks()) {
    for (size_t row = 0; row < chunk.size(); ++row) {
      const Scalar value = *Scalar::at(chunk, row);
      values.push_back(value.is_null() ? -1 : static_cast<int64_t>(value.as_whole()));
    }
  }
  return values;
}

WindowSpec by_key(WindowFrame frame) { return {.partition_by = {column("k")}, .order_by = {{.expression = column("t")}}, .frame = frame}; }

TEST(Window, frames_of_rows_end_where_partitions_do) {
  const WindowFrame around{.unit = Unit::Rows, .begin = Bound::Preceding, .end = Bound::Following, .begin_offset = Scalar::of(int64_t{1}),
                           .end_offset = Scalar::of(int64_t{1})};
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Sum), by_key(around))), ElementsAre(3, 10, 7, 14, 10, 12));
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Max), by_key(around))), ElementsAre(2, 10, 4, 8, 10, 8));
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Count), by_key(around))), ElementsAre(2, 1, 3, 3, 1, 2));
  const WindowFrame ahead{
      .unit = Unit::Rows, .begin = Bound::Following, .end = Bound::UnboundedFollowing, .begin_offset = Scalar::of(int64_t{1})};
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Sum), by_key(ahead))), ElementsAre(14, -1, 12, 8, -1, -1));
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::First), by_key(ahead))), ElementsAre(2, -1, 4, 8, -1, -1));
}

TEST(Window, the_current_row_of_a_range_is_all_rows_of_its_key) {
  const WindowFrame to_here{.unit = Unit::Range, .begin = Bound::UnboundedPreceding, .end = Bound::CurrentRow};
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Sum), by_key(to_here))), ElementsAre(1, 10, 7, 7, 10, 15));
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Last), by_key(to_here))), ElementsAre(1, 10, 4, 4, -1, 8));
}

TEST(Window, a_range_reaches_as_far_as_its_distance) {
  const WindowFrame near{.unit = Unit::Range, .begin = Bound::Preceding, .end = Bound::Following, .begin_offset = Scalar::of(int64_t{1}),
                         .end_offset = Scalar::of(int64_t{0})};
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Sum), by_key(near))), ElementsAre(1, 10, 7, 7, 10, 8));
  WindowSpec down = by_key(near);
  down.order_by[0].descending = true;
  EXPECT_THAT(values_of(kFrame, Expression::over(aggregate(AggregateOperator::Sum), down)), ElementsAre(7, 10, 6, 6, -1, 8));
}

TEST(Window, ranks_go_by_the_order_of_the_window) {
  const auto ranked = [](const char* name, std::vector<Scalar> options = {}) {
    const WindowSpec window{.partition_by = {column("k")}, .order_by = {{.expression = column("t")}}};
    return values_of(kFrame, Expression::over(Expression::function({.name = name, .options = std::move(options)}, {column("t")}), window));
  };
  EXPECT_THAT(ranked("window.rank"), ElementsAre(1, 1, 2, 2, 2, 4));
  EXPECT_THAT(ranked("window.dense_rank"), ElementsAre(1, 1, 2, 2, 2, 3));
  EXPECT_THAT(ranked("window.ntile", {Scalar::of(int64_t{3})}), ElementsAre(1, 1, 1, 2, 2, 3));
  EXPECT_THAT(ranked("row_number", {Scalar::of(int64_t{1}), Scalar::of(int64_t{1}), Scalar::null(TypeId::Int64)}),
              ElementsAre(1, 1, 2, 3, 2, 4));
}

/// Twice each value, of a model that answers when it likes; what is 13 it does not know.
class FakeModel final : public ColumnFunction {
 public:
  std::string name() const override { return "model"; }
  Traits traits() const override { return {.is_volatile = true, .preferred_rows = 10, .is_async = true, .most_calls = 4}; }
  Result<DataType> bind(std::span<const DataType> inputs) const override { return inputs[0]; }
  Result<Array> call(std::span<const Array> inputs, size_t rows, const std::shared_ptr<MemoryBudget>& budget) const override {
    ArrayBuilder builder(TypeId::Int64, budget);
    for (size_t row = 0; row < rows; ++row) {
      const int64_t value = inputs[0].data<int64_t>()[row];
      if (value == 13) return fail(ErrorKind::InvalidArgument, "13 is unknown");
      HR_CHECK(builder.append(2 * value));
    }
    return builder.finish();
  }
  void start(std::vector<Array> inputs, size_t rows, std::shared_ptr<MemoryBudget> budget, std::shared_ptr<const std::atomic<bool>>,
             Answer answer) const override {
    most = std::max(most.load(), ++running);
    std::thread([this, inputs, rows, budget, answer] {
      std::this_thread::sleep_for(std::chrono::milliseconds(std::random_device()() % 8));
      Result<Array> made = call(inputs, rows, budget);
      --running;
      answer(std::move(made));
    }).detach();
  }

  mutable std::atomic<int> running{0}, most{0};
};

std::vector<std::optional<int64_t>> numbers(int64_t from, int64_t count) {
  std::vector<std::optional<int64_t>> all;
  for (int64_t i = 0; i < count; ++i) all.emplace_back(from + i);
  return all;
}

TEST(ColumnFunction, answers_in_any_order_are_put_into_that_of_rows_and_few_are_on_their_way) {
  const auto model = std::make_shared<const FakeModel>();
  const auto all = numbers(100, 305);
  const DataFrame frame = frame_of(all, all, all);
  const auto made = values_of(frame, Expression::call(model, {column("v")}));
  ASSERT_EQ(made.size(), 305u);
  for (size_t i = 0; i < made.size(); ++i) EXPECT_EQ(made[i], 2 * (100 + static_cast<int64_t>(i)));
  EXPECT_LE(model->most, 4);
  const auto plan = Plan::scan(frame).with_columns(std::vector{Expression::call(model, {column("v")}).alias("w")});
  EXPECT_EQ(collect(*plan->filter(Expression::binary(BinaryOperator::Equal, column("v"), Expression::literal(Scalar::of(int64_t{150})))))
                ->height(),
            1u);
}

TEST(ColumnFunction, the_first_error_in_the_order_of_rows_is_told) {
  const auto model = std::make_shared<const FakeModel>();
  const DataFrame frame = frame_of(numbers(0, 200), numbers(0, 200), numbers(0, 200));
  const auto made = select(frame, std::vector{Expression::call(model, {column("v")})});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("13 is unknown"));
  while (model->running > 0) std::this_thread::yield();
}

TEST(ColumnFunction, a_query_that_is_cancelled_does_not_wait) {
  const auto model = std::make_shared<const FakeModel>();
  const auto all = numbers(100, 5000);
  const auto plan = Plan::scan(frame_of(all, all, all)).select(std::vector{Expression::call(model, {column("v")})});
  const auto cancelled = std::make_shared<std::atomic<bool>>(false);
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    *cancelled = true;
  });
  const auto made = collect(*plan, {.cancelled = cancelled});
  later.join();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::Cancelled);
  while (model->running > 0) std::this_thread::yield();
}

TEST(ColumnFunction, calls_of_volatile_functions_are_not_one) {
  const auto model = std::make_shared<const FakeModel>();
  EXPECT_FALSE(Expression::call(model, {column("v")}) == Expression::call(model, {column("v")}));
}

}  // namespace
}  // namespace headrace::frame
