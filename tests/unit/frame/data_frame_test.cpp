#include "frame/data_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "frame/array_builder.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

Array whole_numbers(int64_t begin, int64_t end) {
  ArrayBuilder builder(TypeId::Int64);
  for (int64_t i = begin; i < end; ++i) EXPECT_TRUE(builder.append(i));
  return *builder.finish();
}

Array words(std::initializer_list<const char*> values) {
  ArrayBuilder builder(TypeId::String);
  for (const char* value : values) EXPECT_TRUE(value ? builder.append_bytes(value) : builder.append_null());
  return *builder.finish();
}

DataFrame frame_of(std::vector<std::pair<std::string, Column>> columns) {
  std::vector<Field> fields;
  std::vector<Column> values;
  for (auto& [name, column] : columns) {
    fields.push_back({name, column.type()});
    values.push_back(column);
  }
  return *DataFrame::make(*Schema::make(fields), values);
}

TEST(DataFrame, a_slice_goes_over_chunks_of_any_length) {
  const Column column = *Column::make(TypeId::Int64, {whole_numbers(0, 3), whole_numbers(3, 3), whole_numbers(3, 10)});
  EXPECT_EQ(column.chunks().size(), 2u);
  const Column slice = column.slice(2, 4);
  ASSERT_EQ(slice.size(), 4u);
  EXPECT_EQ(slice.chunks()[0].values<int64_t>()[0], 2);
  EXPECT_EQ(slice.chunks()[1].values<int64_t>()[2], 5);
  EXPECT_EQ(column.slice(8, 100).size(), 2u);
  EXPECT_EQ(column.slice(100, 1).size(), 0u);
}

TEST(DataFrame, columns_of_other_lengths_types_and_equal_names_are_refused_by_name) {
  const Schema schema = *Schema::make({{"a", TypeId::Int64}, {"b", TypeId::Int64}});
  EXPECT_THAT(DataFrame::make(schema, {whole_numbers(0, 3), whole_numbers(0, 4)}).error().message, HasSubstr("\"b\" has 4 rows"));
  EXPECT_THAT(DataFrame::make(schema, {whole_numbers(0, 1), words({"x"})}).error().message, HasSubstr("\"b\" is to be of type Int64"));
  EXPECT_THAT(Schema::make({{"a", TypeId::Int64}, {"a", TypeId::Bool}}).error().message, HasSubstr("Two columns are named \"a\""));
}

TEST(DataFrame, a_name_that_is_not_there_is_told_with_those_that_are) {
  const auto column = frame_of({{"price", whole_numbers(0, 1)}, {"name", words({"x"})}}).column("prise");
  EXPECT_EQ(column.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(column.error().message, HasSubstr("there are price, name"));
}

TEST(DataFrame, frames_of_one_schema_follow_one_another_and_others_are_refused) {
  const DataFrame first = frame_of({{"a", whole_numbers(0, 2)}}), second = frame_of({{"a", whole_numbers(2, 5)}});
  const std::vector<DataFrame> both{first, second};
  EXPECT_EQ((*concat(both)).height(), 5u);
  const std::vector<DataFrame> other{first, frame_of({{"a", words({"x"})}})};
  EXPECT_THAT(concat(other).error().message, HasSubstr("Column 0 of frame 1 is \"a\" of type String"));
}

TEST(DataFrame, a_table_has_names_types_first_and_last_rows) {
  const DataFrame frame = frame_of({{"n", whole_numbers(0, 1000)}});
  EXPECT_EQ(to_text(frame, {.rows = 3}), "    n\nInt64\n─────\n    0\n    1\n    …\n  999\n1000 rows × 1 column");
}

TEST(DataFrame, a_table_is_as_wide_as_the_terminal_and_says_what_it_leaves_out) {
  const DataFrame frame =
      frame_of({{"id", whole_numbers(0, 2)}, {"name", words({"the mill\nby the race", nullptr})}, {"more", whole_numbers(0, 2)}});
  EXPECT_EQ(to_text(frame, {.width = 29, .cell = 16}),
            "   id  name              …\n"
            "Int64  String            …\n"
            "─────  ────────────────\n"
            "    0  the mill⏎by the…  …\n"
            "    1  null              …\n"
            "2 rows × 3 columns");
}

TEST(DataFrame, wide_characters_take_two_columns_and_control_characters_cannot_reach_the_terminal) {
  EXPECT_EQ(to_text(frame_of({{"w", words({"中文", "a\x1b[31mb"})}})),
            "w\nString\n───────\n中文\na·[31mb\n2 rows × 1 column");
}

TEST(DataFrame, html_is_escaped) {
  EXPECT_THAT(to_html(frame_of({{"<b>", words({"<script>\"&"})}})), HasSubstr("<td>&lt;script&gt;&quot;&amp;</td>"));
}

}  // namespace
}  // namespace headrace::frame
