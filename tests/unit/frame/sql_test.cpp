#include "frame/sql.h"

#include <gtest/gtest.h>

#include <string>

#include "frame/plan/optimise/join_order.h"

namespace headrace::frame {
namespace {

DataFrame collected(const std::string& query, const SqlTables& tables = {}) {
  const auto plan = sql_plan(query, tables);
  EXPECT_TRUE(plan) << plan.error().message;
  if (!plan) return {};
  const auto frame = collect(*plan);
  EXPECT_TRUE(frame) << frame.error().message;
  return frame ? *frame : DataFrame();
}

TEST(Sql, LiteralsHaveTheTypesThatDuckDBGivesThem) {
  const DataFrame frame = collected("select 1, 3000000000, 0.06, 1e3, 'a', date '2024-01-01'");
  ASSERT_EQ(frame.width(), 6u);
  const char* const wanted[] = {"Int32", "Int64", "Decimal(3, 2)", "Float64", "String", "Date"};
  for (size_t i = 0; i < frame.width(); ++i) EXPECT_EQ(to_string(frame.schema()[i].type), wanted[i]);
}

TEST(Sql, AnErrorShowsItsPlace) {
  const auto plan = sql_plan("select a\nfrom (values (1)) t (b)");
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::NotFound);
  EXPECT_EQ(plan.error().message, "Line 1, column 8: There is no column \"a\" here; there are b.\n  select a\n         ^");
}

TEST(Sql, WhatIsNestedTooDeepIsRefused) {
  const std::string query = "select " + std::string(100'000, '(') + "1";
  const auto plan = sql_plan(query);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::OutOfRange);
}

TEST(Sql, ACountOfNoRowsIsZeroAndASumNull) {
  const DataFrame frame = collected(
      "select (select count(*) from (values (1)) x (b) where b = a), (select sum(b) from (values (1)) y (b) where b = a) "
      "from (values (2)) t (a)");
  ASSERT_EQ(frame.height(), 1u);
  EXPECT_EQ(to_text(frame.columns()[0].chunks()[0], 0), "0");
  EXPECT_EQ(to_text(frame.columns()[1].chunks()[0], 0), "null");
}

TEST(JoinOrder, TheSmallSideIsKept) {
  JoinGraph graph;
  graph.relations = {{.rows = 10, .base_rows = 10}, {.rows = 1'000'000, .base_rows = 1'000'000}};
  graph.classes = {{{{0, 10}, {1, 10}}}};
  const JoinTree tree = best_order(graph);
  EXPECT_EQ(tree.steps[3].left, 2u);
  EXPECT_EQ(tree.steps[3].right, 1u);
}

TEST(JoinOrder, RelationsWithNothingInCommonComeLast) {
  // A chain: the ends have no key of one another.
  JoinGraph graph;
  graph.relations = {{.rows = 1000, .base_rows = 1000}, {.rows = 100'000, .base_rows = 100'000}, {.rows = 1000, .base_rows = 1000}};
  graph.classes = {{{{0, 1000}, {1, 1000}}}, {{{1, 1000}, {2, 1000}}}};
  const auto step = best_order(graph).steps[7];
  EXPECT_NE(step.left, 5u);
  EXPECT_NE(step.right, 5u);
}

TEST(JoinOrder, ASemiJoinComesBehindWhatItReads) {
  JoinGraph graph;
  graph.relations = {{.rows = 1000, .base_rows = 1000}, {.rows = 100'000, .base_rows = 100'000}, {.rows = 10, .base_rows = 10, .needs =
      2, .keeps = 0.001}};
  graph.classes = {{{{0, 1000}, {1, 1000}}}};
  const JoinTree tree = best_order(graph);
  // The rows that it leaves are joined, not those that there are.
  EXPECT_EQ(tree.steps[6].left, 2u);
  EXPECT_EQ(tree.steps[6].right, 4u);
  EXPECT_TRUE((tree.steps[7].left == 1u && tree.steps[7].right == 6u) || (tree.steps[7].left == 6u && tree.steps[7].right == 1u));
}

}  // namespace
}  // namespace headrace::frame
