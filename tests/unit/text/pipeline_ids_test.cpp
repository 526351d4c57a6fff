#include <gtest/gtest.h>

#include "text/pipeline.h"

namespace headrace::text {
namespace {

using Ids = std::vector<TokenId>;

/// Words and special tokens; the vocabulary spells the special ones too.
Pipeline words() {
  auto pipeline = Pipeline::from_json(
      R"({"version":"1.0","truncation":{"max_length":6,"strategy":"LongestFirst","stride":0,"direction":"Right"},"padding":null,"added_tokens":[)"
      R"({"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},)"
      R"({"id":1,"content":"<unk>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],)"
      R"("normalizer":null,"pre_tokenizer":{"type":"WhitespaceSplit"},"decoder":null,)"
      R"("post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],)"
      R"("pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}},)"
      R"("model":{"type":"WordLevel","unk_token":"<unk>","vocab":{"<s>":0,"<unk>":1,"one":2,"two":3,"<":4,"s>":5,"three":6,"unk>":7}}})");
  EXPECT_TRUE(pipeline) << pipeline.error().message;
  return *std::move(pipeline);
}

Ids ids_of(const Pipeline& pipeline, std::string_view text, const PipelineOptions& options = {}) {
  Ids ids;
  EXPECT_TRUE(pipeline.encode_ids(text, options, ids));
  return ids;
}

Ids segments_of(const Pipeline& pipeline, std::vector<TextSegment> segments) {
  Ids ids;
  const auto encoded = pipeline.encode_segments(segments, {.add_special_tokens = false}, ids);
  EXPECT_TRUE(encoded) << encoded.error().message;
  return ids;
}

TEST(PipelineIds, are_those_of_encode_and_options_hold_for_one_call) {
  const Pipeline pipeline = words();
  EXPECT_EQ(ids_of(pipeline, "one <s> two"), (Ids{0, 2, 0, 3}));
  EXPECT_EQ(ids_of(pipeline, "one two", {.add_special_tokens = false}), (Ids{2, 3}));
  EXPECT_EQ(ids_of(pipeline, "one one one one one one one one").size(), 6u);
  EXPECT_EQ(ids_of(pipeline, "one one one one one one one one", {.truncate = false}).size(), 9u);
}

TEST(PipelineIds, of_a_batch_are_rows_with_offsets) {
  const std::string_view texts[] = {"one", "", "two  three"};
  const auto rows = words().encode_batch_ids(texts, {.add_special_tokens = false}, true);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->ids, (Ids{2, 3, 6}));
  EXPECT_EQ(rows->row_starts, (std::vector<int64_t>{0, 1, 1, 3}));
  EXPECT_EQ(rows->offsets, (std::vector<Offset>{{0, 3}, {0, 3}, {5, 10}}));
}

TEST(PipelineSegments, that_are_trusted_alone_encode_as_their_text) {
  EXPECT_EQ(segments_of(words(), {{"<s>on", true}, {"e two", true}}), (Ids{0, 2, 3}));
}

TEST(PipelineSegments, of_a_user_never_yield_a_special_token) {
  const Pipeline pipeline = words();
  EXPECT_EQ(segments_of(pipeline, {{"<s>", true}, {"one <s> two", false}}), (Ids{0, 2, 4, 5, 3}));
  EXPECT_EQ(segments_of(pipeline, {{"<", false}, {"s>", true}}), (Ids{4, 5}));
  EXPECT_EQ(segments_of(pipeline, {{"<unk>", false}}), (Ids{4, 7}));
  EXPECT_EQ(segments_of(pipeline, {{"four", false}}), (Ids{1}));  // what the model does not know
  EXPECT_EQ(segments_of(pipeline, {{"two ", false}, {"<s>", true}, {" <s>", false}}), (Ids{3, 0, 4, 5}));
}

TEST(PipelineSegments, are_utf8_each) {
  Ids ids;
  const TextSegment halves[] = {{"\xC3", true}, {"\xA9", true}};
  EXPECT_FALSE(words().encode_segments(halves, {}, ids));
}

}  // namespace
}  // namespace headrace::text
