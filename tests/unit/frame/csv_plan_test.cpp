#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "frame/plan.h"
#include "frame/sink.h"

namespace headrace::frame {
namespace {

CsvInput input_of(std::string_view text) {
  Buffer buffer = *Buffer::allocate(text.size());
  std::memcpy(buffer.data(), text.data(), text.size());
  return buffer;
}

Result<DataFrame> read(std::string_view text, const CsvOptions& options = {}, const QueryOptions& query = {}) {
  const CsvInput input = input_of(text);
  HR_TRY(const Plan plan, Plan::scan_csv({&input, 1}, options));
  return collect(plan, query);
}

/// Rows whose texts have quotes, separators and ends of rows in them.
std::string awkward_rows(size_t rows) {
  std::string text = "n,s\n";
  for (size_t i = 0; i < rows; ++i) {
    text += std::to_string(i) + (i % 3 == 0 ? ",\"a\n,\"\"\n\"\n" : i % 3 == 1 ? ",plain\n" : ",\"1,2\n3,4\n\"\n");
  }
  return text;
}

TEST(CsvPlan, rows_are_the_same_however_many_threads_cut_the_text) {
  const std::string text = awkward_rows(100'000);
  for (const size_t threads : {1, 2, 7}) {
    const auto frame = read(text, {}, {.threads = threads});
    ASSERT_TRUE(frame) << frame.error().message;
    ASSERT_EQ(frame->height(), 100'000u);
    int64_t wanted = 0;
    for (const Array& chunk : frame->columns()[0].chunks()) {
      for (const int64_t value : chunk.values<int64_t>()) ASSERT_EQ(value, wanted++);
    }
    EXPECT_EQ(frame->columns()[1].chunks()[0].bytes(0), "a\n,\"\n");
  }
}

TEST(CsvPlan, a_slice_reads_the_rows_that_it_means_and_a_condition_only_its_columns) {
  const CsvInput input = input_of(awkward_rows(50'000) + "x,\"last\n");
  const auto plan = Plan::scan_csv({&input, 1}, {});
  ASSERT_TRUE(plan);
  const auto some = collect(plan->slice(40'000, 2));
  ASSERT_TRUE(some) << some.error().message;
  EXPECT_EQ(to_text(some->columns()[0].chunks()[0], 0), "40000");
  const auto all = collect(*plan);
  ASSERT_FALSE(all);
  EXPECT_NE(all.error().message.find("a quote opens in this row and is never closed"), std::string::npos) << all.error().message;
}

TEST(CsvPlan, explain_names_the_columns_and_conditions_that_are_left) {
  const CsvInput input = input_of("a,b,c\n1,2,3\n");
  const auto condition = Expression::binary(BinaryOperator::Greater, Expression::column("b"), Expression::literal(Scalar::of(int64_t{1})));
  const std::vector<Expression> columns{Expression::column("a")};
  const auto plan = Plan::scan_csv({&input, 1}, {}).value().filter(condition).value().select(columns);
  EXPECT_EQ(plan->optimised().explain(), "SCAN CSV in memory, 1 of 3 columns: a, where (col(\"b\") > 1)");
}

TEST(CsvPlan, memory_beyond_the_limit_is_an_error_and_all_is_given_back) {
  const uint64_t before = process_budget()->used_bytes();
  const std::string text = awkward_rows(50'000);
  EXPECT_EQ(read(text, {}, {.memory_bytes = 100'000}).error().kind, ErrorKind::OutOfMemory);
  EXPECT_EQ(process_budget()->used_bytes(), before);
}

TEST(CsvPlan, a_sink_that_fails_leaves_the_file_that_was_there) {
  const auto folder = std::filesystem::temp_directory_path() / "headrace_csv_plan_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "out.csv") << "before";
  const CsvInput input = input_of(awkward_rows(1000) + "x,\"last\n");
  const auto written = write_csv(*Plan::scan_csv({&input, 1}, {}), folder / "out.csv");
  ASSERT_FALSE(written);
  std::ifstream file(folder / "out.csv");
  std::string left;
  std::getline(file, left);
  EXPECT_EQ(left, "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace headrace::frame
