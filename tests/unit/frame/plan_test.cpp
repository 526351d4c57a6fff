#include "frame/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "frame/array_builder.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

Expression col(const char* name) { return Expression::column(name); }
Expression lit(int64_t value) { return Expression::literal(Scalar::of(TypeId::Int32, Int128{value})); }
Expression binary(const Expression& left, BinaryOperator op, const Expression& right) { return Expression::binary(op, left, right); }
Expression greater(const Expression& left, int64_t value) { return binary(left, BinaryOperator::Greater, lit(value)); }

/// Columns a, b and c of Int64, ten rows.
Plan numbers() {
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const char* name : {"a", "b", "c"}) {
    ArrayBuilder builder(TypeId::Int64);
    for (int64_t i = 0; i < 10; ++i) EXPECT_TRUE(builder.append(i));
    columns.emplace_back(*builder.finish());
    fields.push_back({name, TypeId::Int64});
  }
  return Plan::scan(*DataFrame::make(*Schema::make(std::move(fields)), std::move(columns)));
}

Plan select(const Plan& plan, std::vector<Expression> expressions) { return *plan.select(expressions); }
Plan with(const Plan& plan, std::vector<Expression> expressions) { return *plan.with_columns(expressions); }

TEST(Plan, StepsAreWrittenTheLastOneFirst) {
  const Plan plan = select(*with(numbers(), {binary(col("a"), BinaryOperator::Add, lit(1)).alias("d")}).filter(greater(col("d"), 3)),
                           {col("d"), col("a").alias("e")})
                        .slice(-3, 2);
  EXPECT_EQ(plan.explain(),
            "SLICE from row -3, 2 rows\n"
            "  SELECT [col(\"d\"), col(\"a\").alias(\"e\")]\n"
            "    FILTER (col(\"d\") > 3)\n"
            "      WITH_COLUMNS [(col(\"a\") + 1).alias(\"d\")]\n"
            "        SCAN FRAME 10 rows, 3 columns: a, b, c");
}

TEST(Plan, ColumnsThatNothingReadsAreNotScanned) {
  const Plan plan = select(with(numbers(), {greater(col("c"), 1).alias("d"), binary(col("b"), BinaryOperator::Add, lit(1)).alias("e")}),
                           {col("a"), col("e")});
  EXPECT_THAT(plan.optimised().explain(), HasSubstr("2 columns: a, b"));
  EXPECT_THAT(plan.optimised().explain(), Not(HasSubstr("\"d\"")));
}

TEST(Plan, AFilterGivesOnNoColumnThatItAloneReads) {
  const Plan plan = select(*numbers().filter(greater(col("b"), 7)), {col("a")});
  EXPECT_EQ(plan.optimised().explain(), "FILTER (col(\"b\") > 7)\n  SCAN FRAME 10 rows, 2 columns: a, b");
  const auto result = collect(plan);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->height(), 2u);
  EXPECT_EQ(result->width(), 1u);
}

TEST(Plan, ConditionsGoThroughProjectionsWithTheExpressionsInTheirPlaces) {
  const Plan plan = *select(numbers(), {binary(col("a"), BinaryOperator::Add, col("b")).alias("d"), col("c").alias("a")})
                         .filter(binary(greater(col("d"), 3), BinaryOperator::And, greater(col("a"), 4)));
  EXPECT_EQ(plan.optimised().explain(),
            "SELECT [(col(\"a\") + col(\"b\")).alias(\"d\"), col(\"c\").alias(\"a\")]\n"
            "  FILTER ((col(\"a\") + col(\"b\")) > 3) & (col(\"c\") > 4)\n"
            "    SCAN FRAME 10 rows, 3 columns: a, b, c");
}

TEST(Plan, LiteralsAndWhatCanFailStayWhereTheyAre) {
  // A literal in a column's place would be of another type.
  const Plan literal = *with(numbers(), {lit(3).alias("d")}).filter(binary(col("d"), BinaryOperator::Less, col("a")));
  EXPECT_THAT(literal.optimised().explain(), ::testing::StartsWith("FILTER (col(\"d\") < col(\"a\"))"));
  const Plan cast = *with(numbers(), {Expression::cast(col("a"), TypeId::Int8, true).alias("d")}).filter(greater(col("d"), 3));
  EXPECT_THAT(cast.optimised().explain(), ::testing::StartsWith("FILTER (col(\"d\") > 3)"));
  const Plan not_strict = *with(numbers(), {Expression::cast(col("a"), TypeId::Int8, false).alias("d")}).filter(greater(col("d"), 3));
  EXPECT_THAT(not_strict.optimised().explain(), HasSubstr("  FILTER (col(\"a\").cast(Int8, strict=False) > 3)"));
}

TEST(Plan, AConditionThatCanFailComesBehindThoseBeforeIt) {
  const Expression fails = greater(Expression::cast(col("a"), TypeId::Int8, true), 1);
  const Plan stays =
      *(*with(numbers(), {Expression::cast(col("b"), TypeId::Int8, true).alias("d")}).filter(greater(col("d"), 3))).filter(fails);
  EXPECT_THAT(stays.optimised().explain(), ::testing::StartsWith("FILTER (col(\"d\") > 3) & (col(\"a\").cast(Int8) > 1)"));
  const Plan follows = *(*select(numbers(), {col("a"), col("b")}).filter(greater(col("b"), 3))).filter(fails);
  EXPECT_THAT(follows.optimised().explain(), HasSubstr("FILTER (col(\"b\") > 3) & (col(\"a\").cast(Int8) > 1)"));
}

TEST(Plan, ConditionsStayAboveSlicesAndNumbersOfRows) {
  const Plan sliced = *(*numbers().filter(greater(col("a"), 1))).slice(2, 3).filter(greater(col("b"), 4));
  EXPECT_EQ(
      sliced.optimised().explain(),
      "FILTER (col(\"b\") > 4)\n  SLICE from row 2, 3 rows\n    FILTER (col(\"a\") > 1)\n      SCAN FRAME 10 rows, 3 columns: a, b, c");
  const Plan numbered = *(*numbers().with_row_index("n", 0)).filter(greater(col("a"), 4));
  EXPECT_THAT(numbered.optimised().explain(), ::testing::StartsWith("FILTER (col(\"a\") > 4)\n  ROW INDEX"));
}

TEST(Plan, SlicesGoThroughProjectionsIntoScans) {
  const Plan plan = with(numbers(), {greater(col("a"), 3).alias("d")}).slice(2, 5).slice(1, 100);
  EXPECT_EQ(plan.optimised().explain(), "WITH_COLUMNS [(col(\"a\") > 3).alias(\"d\")]\n  SCAN FRAME 4 rows, 3 columns: a, b, c");
  EXPECT_THAT(numbers().slice(-3, 2).optimised().explain(), HasSubstr("SCAN FRAME 2 rows"));
  EXPECT_EQ((*numbers().with_row_index("n", 5)).slice(2, 3).optimised().explain(),
            "ROW INDEX \"n\" from 7\n  SCAN FRAME 3 rows, 3 columns: a, b, c");
  const Plan both[] = {numbers(), numbers()};
  EXPECT_EQ((*Plan::concat(both)).slice(8, 4).optimised().explain(),
            "SLICE from row 8, 4 rows\n  CONCAT 2 inputs\n    SCAN FRAME 10 rows, 3 columns: a, b, c\n    SCAN FRAME 10 rows, 3 columns: "
            "a, b, c");
}

TEST(Plan, WhatLiteralsAloneMakeIsCalculatedOnce) {
  const Plan plan = select(numbers(), {binary(col("a"), BinaryOperator::Add, binary(lit(1), BinaryOperator::Multiply, lit(7)))});
  EXPECT_THAT(plan.optimised().explain(), HasSubstr("(col(\"a\") + 7)"));
  const Plan always = *numbers().filter(binary(binary(lit(1), BinaryOperator::Less, lit(2)), BinaryOperator::And, greater(col("a"), 2)));
  EXPECT_THAT(always.optimised().explain(), ::testing::StartsWith("FILTER (col(\"a\") > 2)"));
  const Plan never = *numbers().filter(binary(greater(col("a"), 2), BinaryOperator::And, binary(lit(1), BinaryOperator::Greater, lit(2))));
  EXPECT_EQ(never.optimised().explain(), "SCAN FRAME 0 rows, 3 columns: a, b, c");
}

TEST(Plan, NumbersOfRowsThatNothingReadsAreNotMade) {
  const Plan plan = select(*numbers().with_row_index("n", 0), {col("a")});
  EXPECT_EQ(plan.optimised().explain(), "SCAN FRAME 10 rows, 1 columns: a");
}

TEST(Plan, NumbersOfRowsPastTheLastThatThereIsAreAnError) {
  const auto result = collect(*numbers().with_row_index("n", 4294967290));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::OutOfRange);
  EXPECT_TRUE(collect(*numbers().with_row_index("n", 4294967286)));
}

TEST(Plan, ACancelledQueryEnds) {
  const auto cancelled = std::make_shared<std::atomic<bool>>(true);
  const auto result = collect(numbers(), {.cancelled = cancelled});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Cancelled);
}

TEST(Plan, BatchesAreOfTheSizeThatIsAskedFor) {
  Batches batches(numbers(), {}, 4);
  std::vector<size_t> heights;
  for (;;) {
    const auto batch = batches.next();
    ASSERT_TRUE(batch);
    if (!*batch) break;
    heights.push_back((*batch)->height());
  }
  EXPECT_THAT(heights, ::testing::ElementsAre(4, 4, 2));
}

}  // namespace
}  // namespace headrace::frame
