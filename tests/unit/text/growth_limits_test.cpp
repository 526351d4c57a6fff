#include "text/growth_limits.h"

#include <gtest/gtest.h>

#include "text/pipeline.h"

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

TEST(GrowthLimits, padding_to_more_than_any_memory_is_an_error) {
  const auto padded = [](const char* length) {
    return letters(std::string(R"("padding":{"strategy":{"Fixed":)") + length + R"(},"direction":"Right","pad_to_multiple_of":7,"pad_id":0,"pad_type_id":0,"pad_token":"a"},)");
  };
  EXPECT_NE(message(padded("18446744073709551615"), "ab").find("GrowthLimits::tokens"), std::string::npos);
  EXPECT_NE(message(padded("3000000000"), "ab"), "");
  EXPECT_EQ(message(padded("100000"), "ab"), "");
}

TEST(GrowthLimits, replacements_of_what_replacements_made_end) {
  std::string doubling;
  for (int i = 0; i < 60; ++i) doubling += R"({"type":"Replace","pattern":{"String":"a"},"content":"aa"},)";
  doubling.back() = ']';
  EXPECT_NE(message(letters(R"("normalizer":{"type":"Sequence","normalizers":[)" + doubling + "},"), "a").find("GrowthLimits::bytes"), std::string::npos);
  const Pipeline decoding = letters(R"("decoder":{"type":"Sequence","decoders":[)" + doubling + "},");
  const TokenId ids[] = {0};
  EXPECT_FALSE(decoding.decode(ids, false));
  auto steps = decoding.incremental_decoder(false);
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->push(0), "");
  EXPECT_FALSE(steps->finish());
}

TEST(GrowthLimits, windows_of_windows_end) {
  std::string again;
  for (int i = 0; i < 30; ++i) again += R"({"Sequence":{"id":"A","type_id":0}},)";
  again.back() = ']';
  const Pipeline pipeline = letters(R"("truncation":{"max_length":4,"stride":0,"strategy":"LongestFirst","direction":"Right"},)"
                                    R"("post_processor":{"type":"TemplateProcessing","single":[)" + again + R"(,"pair":[],"special_tokens":{}},)");
  EXPECT_EQ(message(pipeline, "abab"), "");
  EXPECT_NE(message(pipeline, "ababababab"), "");  // three windows: 3 to the power of 30 combinations
}

TEST(GrowthLimits, may_be_raised) {
  const Pipeline padded = letters(R"("padding":{"strategy":{"Fixed":2000000},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"a"},)");
  EXPECT_NE(message(padded, "ab"), "");
  const GrowthLimits before = growth_limits();
  set_growth_limits({.bytes = before.bytes, .tokens = 2'000'000});
  EXPECT_EQ(message(padded, "ab"), "");
  set_growth_limits(before);
  EXPECT_NE(message(padded, "ab"), "");
}

}  // namespace
}  // namespace headrace::text
