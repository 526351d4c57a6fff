#include "text/limits.h"

#include <gtest/gtest.h>

#include "text/pipeline.h"
#include "text/regex.h"

namespace headrace::text {
namespace {

/// Letters; `parts` are members of its JSON.
Pipeline letters(const std::string& parts) {
  auto pipeline = Pipeline::from_json(R"({"version":"1.0","added_tokens":[],)" + parts +
                                      R"("model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}})");
  EXPECT_TRUE(pipeline) << pipeline.error().message;
  return *std::move(pipeline);
}

std::string message(const Pipeline& pipeline, std::string_view text) {
  const auto encoding = pipeline.encode({text, std::nullopt});
  if (encoding) return "";
  EXPECT_EQ(encoding.error().kind, ErrorKind::OutOfRange);
  return encoding.error().message;
}

TEST(Limits, padding_to_more_than_any_memory_is_an_error) {
  const auto padded = [](const char* length) {
    return letters(std::string(R"("padding":{"strategy":{"Fixed":)") + length + R"(},"direction":"Right","pad_to_multiple_of":7,"pad_id":0,"pad_type_id":0,"pad_token":"a"},)");
  };
  EXPECT_NE(message(padded("18446744073709551615"), "ab").find("encoding_tokens"), std::string::npos);
  EXPECT_NE(message(padded("3000000000"), "ab"), "");
  EXPECT_EQ(message(padded("100000"), "ab"), "");
}

TEST(Limits, replacements_of_what_replacements_made_end) {
  std::string doubling;
  for (int i = 0; i < 60; ++i) doubling += R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"},)";
  doubling.back() = ']';
  EXPECT_NE(message(letters(R"("normalizer":{"type":"Sequence","normalizers":[)" + doubling + "},"), "a").find("text_bytes"), std::string::npos);
  const Pipeline decoding = letters(R"("decoder":{"type":"Sequence","decoders":[)" + doubling + "},");
  const TokenId ids[] = {0};
  EXPECT_FALSE(decoding.decode(ids, false));
  auto steps = decoding.incremental_decoder(false);
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->push(0), "");
  EXPECT_FALSE(steps->finish());
}

TEST(Limits, windows_of_windows_end) {
  std::string again;
  for (int i = 0; i < 30; ++i) again += R"({"Sequence":{"id":"A","type_id":0}},)";
  again.back() = ']';
  const Pipeline pipeline = letters(R"("truncation":{"max_length":4,"stride":0,"strategy":"LongestFirst","direction":"Right"},)"
                                    R"("post_processor":{"type":"TemplateProcessing","single":[)" + again + R"(,"pair":[],"special_tokens":{}},)");
  EXPECT_EQ(message(pipeline, "abab"), "");
  EXPECT_NE(message(pipeline, "ababababab"), "");  // three windows: 3 to the power of 30 combinations
}

TEST(Limits, may_be_raised) {
  const Pipeline padded = letters(R"("padding":{"strategy":{"Fixed":2000000},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"a"},)");
  EXPECT_NE(message(padded, "ab"), "");
  const uint64_t before = limit(Limit::EncodingTokens);
  ASSERT_TRUE(set_limit(Limit::EncodingTokens, 2'000'000));
  EXPECT_EQ(message(padded, "ab"), "");
  ASSERT_TRUE(set_limit(Limit::EncodingTokens, before));
  EXPECT_NE(message(padded, "ab"), "");
}

TEST(Limits, are_set_by_name_and_within_their_range) {
  for (const NamedLimit& one : named_limits()) {
    EXPECT_EQ(limit(one.limit), one.standard) << one.name;
    EXPECT_FALSE(set_limit(one.name, 0));
    EXPECT_FALSE(set_limit(one.name, one.most + 1));
    ASSERT_TRUE(set_limit(one.name, one.standard + 1));
    EXPECT_EQ(limit(one.limit), one.standard + 1);
    ASSERT_TRUE(set_limit(one.name, one.standard));
  }
  const auto unknown = set_limit("steps", 1);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("match_steps, find_steps"), std::string::npos) << unknown.error().message;
}

TEST(Limits, of_steps_count_for_patterns_that_are_there_already) {
  const auto regex = Regex::compile("(a+)+$");
  ASSERT_TRUE(regex);
  const std::string text = std::string(22, 'a') + "b";
  std::vector<Offset> found;
  ASSERT_TRUE(set_limit(Limit::MatchSteps, 100));
  EXPECT_FALSE(regex->find_all(text, found));
  ASSERT_TRUE(set_limit(Limit::MatchSteps, 1'000'000'000));
  ASSERT_TRUE(set_limit(Limit::FindSteps, 1'000'000'000));
  EXPECT_TRUE(regex->find_all(text, found));
  ASSERT_TRUE(set_limit(Limit::MatchSteps, 10'000'000));
  ASSERT_TRUE(set_limit(Limit::FindSteps, 20'000'000));
}

TEST(Limits, of_patterns_are_set) {
  const std::string deep = std::string(300, '(') + "a" + std::string(300, ')');
  EXPECT_FALSE(Regex::compile(deep));
  ASSERT_TRUE(set_limit(Limit::PatternDepth, 400));
  EXPECT_TRUE(Regex::compile(deep));
  ASSERT_TRUE(set_limit(Limit::PatternDepth, 250));
  ASSERT_TRUE(set_limit(Limit::PatternBytes, 10));
  EXPECT_FALSE(Regex::compile("abcdefghijk"));
  ASSERT_TRUE(set_limit(Limit::PatternBytes, 1 << 16));
  EXPECT_TRUE(Regex::compile("abcdefghijk"));
}

}  // namespace
}  // namespace headrace::text
