#include "frame/tokenize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "arrays.h"
#include "frame/plan.h"

namespace headrace::frame {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const text::Pipeline> words() {
  auto pipeline = text::Pipeline::from_json(
      R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,)"
      R"("rstrip":false,"normalized":false,"special":true}],"normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},"decoder":null,)"
      R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],)"
      R"("pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"<s>":{"id":"<s>","ids":[0],)"
      R"("tokens":["<s>"]}}},"model":{"type":"WordLevel","unk_token":"<unk>","vocab":{"<s>":0,"<unk>":1,"one":2,"two":3,"three":4}}})");
  EXPECT_TRUE(pipeline) << (pipeline ? "" : pipeline.error().message);
  return std::make_shared<const text::Pipeline>(*std::move(pipeline));
}

DataFrame texts_frame(const std::vector<std::optional<std::string>>& values) {
  return *DataFrame::make(*Schema::make({{"t", TypeId::String}}), {texts(TypeId::String, values)});
}

std::vector<std::string> lists_of(const DataFrame& frame) {
  std::vector<std::string> lists;
  for (const Array& chunk : frame.columns()[0].chunks()) {
    for (size_t row = 0; row < chunk.size(); ++row) lists.push_back(to_text(chunk, row));
  }
  return lists;
}

TEST(Tokenize, gives_the_ids_of_each_text_and_null_for_null) {
  const DataFrame frame = texts_frame({"one two", std::nullopt, "", "three", "what"});
  const auto made = select(frame, std::vector{Expression::call(tokenizing(words(), true), {Expression::column("t")})});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(to_string(made->schema()[0].type), "List(UInt32)");
  EXPECT_THAT(lists_of(*made), ::testing::ElementsAre("[0, 2, 3]", "null", "[0]", "[0, 4]", "[0, 1]"));
  const auto bare = select(frame, std::vector{Expression::call(tokenizing(words(), false), {Expression::column("t")})});
  EXPECT_EQ(lists_of(*bare)[0], "[2, 3]");
}

TEST(Tokenize, takes_text_alone) {
  const DataFrame frame = *DataFrame::make(*Schema::make({{"t", TypeId::Int64}}), {fixed<int64_t>(TypeId::Int64, {1})});
  const auto made = select(frame, std::vector{Expression::call(tokenizing(words(), true), {Expression::column("t")})});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("a tokenizer takes a column of text"));
}

TEST(Tokenize, a_condition_on_another_column_goes_below_it) {
  const Schema schema = *Schema::make({{"t", TypeId::String}, {"n", TypeId::Int64}});
  const DataFrame frame =
      *DataFrame::make(schema, {texts(TypeId::String, {"one", "two", "three"}), fixed<int64_t>(TypeId::Int64, {1, 2, 3})});
  const auto plan =
      Plan::scan(frame).with_columns(std::vector{Expression::call(tokenizing(words(), false), {Expression::column("t")}).alias("ids")});
  const auto some =
      plan->filter(Expression::binary(BinaryOperator::Greater, Expression::column("n"), Expression::literal(Scalar::of(int64_t{2}))));
  const std::string steps = some->optimised().explain();
  EXPECT_LT(steps.find("tokenize"), steps.find("FILTER")) << steps;
  EXPECT_EQ(collect(*some)->height(), 1u);
}

}  // namespace
}  // namespace headrace::frame
