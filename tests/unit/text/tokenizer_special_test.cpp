#include "tokenizer_sources.h"

namespace headrace::text {
namespace {

TEST(SpecialTokens, are_found_in_the_text_before_it_is_split) {
  const auto tokenizer = compiled(byte_level_source({"h i"}, {"<|a|>"}));
  EXPECT_EQ(spelled(*tokenizer, "hi<|a|>hi"), (Spelled{"hi", "<|a|>", "hi"}));
  EXPECT_EQ(spelled(*tokenizer, "<|a|><|a|>"), (Spelled{"<|a|>", "<|a|>"}));
}

TEST(SpecialTokens, the_leftmost_counts_and_of_those_the_longest) {
  const auto tokenizer = compiled(byte_level_source({}, {"<a", "<a><b>", "<a>"}));
  EXPECT_EQ(spelled(*tokenizer, "<a><b>"), (Spelled{"<a><b>"}));
  EXPECT_EQ(spelled(*tokenizer, "<a><b"), (Spelled{"<a>", "<", "b"}));
  EXPECT_EQ(spelled(*tokenizer, "<ab"), (Spelled{"<a", "b"}));
}

TEST(SpecialTokens, control_tokens_are_plain_text_when_not_parsed_and_user_defined_ones_are_not) {
  const auto tokenizer = compiled(byte_level_source({}, {"<c>"}, {"<u>"}));
  EXPECT_EQ(spelled(*tokenizer, "<c><u>", {.parse_special = false}), (Spelled{"<", "c", ">", "<u>"}));
}

TEST(SpecialTokens, a_token_within_a_control_token_that_is_not_parsed_is_not_tried) {
  const auto tokenizer = compiled(byte_level_source({}, {"<xy>"}, {"xy"}));
  EXPECT_EQ(spelled(*tokenizer, "<xy>xy", {.parse_special = false}), (Spelled{"<", "x", "y", ">", "xy"}));
}

TEST(SpecialTokens, bos_and_eos_are_added_on_request_only) {
  auto source = byte_level_source({}, {"<s>", "</s>"});
  source.bos = 256;
  source.eos = 257;
  source.add_bos = source.add_eos = true;
  const auto tokenizer = compiled(source);
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_EQ(spelled(*tokenizer, "a"), (Spelled{"<s>", "a", "</s>"}));
  EXPECT_EQ(spelled(*tokenizer, "a", {.add_special = false}), (Spelled{"a"}));
  EXPECT_EQ(spelled(*tokenizer, ""), (Spelled{"<s>", "</s>"}));
}

TEST(SpecialTokens, never_adds_a_second_bos) {
  auto source = byte_level_source({}, {"<s>"});
  source.bos = 256;
  source.add_bos = true;
  const auto tokenizer = compiled(source);
  EXPECT_EQ(spelled(*tokenizer, "<s>a"), (Spelled{"<s>", "a"}));
  EXPECT_EQ(spelled(*tokenizer, "a<s>"), (Spelled{"<s>", "a", "<s>"}));
  EXPECT_EQ(spelled(*tokenizer, "<s>", {.parse_special = false}), (Spelled{"<s>", "<", "s", ">"}));
}

TEST(SpecialTokens, truncation_cuts_the_text_and_keeps_what_is_around_it) {
  auto source = byte_level_source({}, {"<s>", "</s>"});
  source.bos = 256;
  source.eos = 257;
  source.add_bos = source.add_eos = true;
  const auto tokenizer = compiled(source);
  EXPECT_EQ(spelled(*tokenizer, "abcdef", {.truncate_to = 4}), (Spelled{"<s>", "a", "b", "</s>"}));
  EXPECT_EQ(spelled(*tokenizer, "<s>abcdef", {.truncate_to = 4}), (Spelled{"<s>", "a", "b", "</s>"}));
  const auto encoding = tokenizer->encode("abc", {.offsets = true, .truncate_to = 3});
  ASSERT_TRUE(encoding);
  EXPECT_EQ(encoding->offsets, (std::vector<Offset>{{0, 0}, {0, 1}, {3, 3}}));
}

TEST(SpecialTokens, generation_ends_at_each_named_end) {
  auto source = byte_level_source({}, {"</s>", "<|eot|>", "<end_of_turn>"});
  source.eos = 256;
  source.eot = 257;
  source.end_of_generation = {258};
  const auto tokenizer = compiled(source);
  EXPECT_TRUE(tokenizer->ends_generation(256) && tokenizer->ends_generation(257) && tokenizer->ends_generation(258));
  EXPECT_FALSE(tokenizer->ends_generation('a'));
  EXPECT_EQ(tokenizer->end_of_generation().size(), 3u);
}

TEST(SpecialTokens, entries_are_found_by_spelling_and_by_id) {
  const auto tokenizer = compiled(byte_level_source({"a b"}, {"<s>"}));
  EXPECT_EQ(tokenizer->id("ab"), 256u);
  EXPECT_EQ(tokenizer->id("<s>"), 257u);
  EXPECT_EQ(tokenizer->id("abc"), std::nullopt);
  EXPECT_EQ(tokenizer->token(257), "<s>");
  EXPECT_EQ(tokenizer->token(258), "");
  EXPECT_EQ(tokenizer->kind(257), TokenKind::Control);
  EXPECT_EQ(tokenizer->vocabulary_size(), 258u);
}

}  // namespace
}  // namespace headrace::text
