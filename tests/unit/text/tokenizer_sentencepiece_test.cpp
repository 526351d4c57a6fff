#include "tokenizer_sources.h"

namespace headrace::text {
namespace {

TEST(SentencePieceTokenizer, joins_the_highest_score_first) {
  const auto tokenizer = compiled(sentencepiece_source({"bc", "ab", "▁a", "▁", "a", "b", "c"}));
  EXPECT_EQ(spelled(*tokenizer, "abc"), (Spelled{"▁a", "bc"}));
}

TEST(SentencePieceTokenizer, puts_a_space_before_the_text_if_the_model_does) {
  auto source = sentencepiece_source({"▁a", "▁", "a"});
  EXPECT_EQ(spelled(*compiled(source), "a a"), (Spelled{"▁a", "▁a"}));
  source.add_space_prefix = false;
  EXPECT_EQ(spelled(*compiled(source), "a a"), (Spelled{"a", "▁a"}));
}

TEST(SentencePieceTokenizer, each_stretch_between_added_tokens_begins_with_that_space) {
  const auto tokenizer = compiled(sentencepiece_source({"▁a", "▁", "a"}));
  EXPECT_EQ(spelled(*tokenizer, "a<s>a"), (Spelled{"▁a", "<s>", "▁a"}));
}

TEST(SentencePieceTokenizer, spells_characters_outside_the_vocabulary_in_bytes) {
  auto source = sentencepiece_source({"a"});
  source.add_space_prefix = false;
  EXPECT_EQ(spelled(*compiled(source), "aé"), (Spelled{"a", "<0xC3>", "<0xA9>"}));
}

TEST(SentencePieceTokenizer, one_unknown_token_stands_for_a_run_without_byte_tokens) {
  auto source = sentencepiece_source({"a"});
  source.add_space_prefix = false;
  source.tokens[3 + 0xC3] = "[no byte]";
  source.kinds[3 + 0xC3] = TokenKind::Normal;
  const auto tokenizer = compiled(source);
  const auto encoding = tokenizer->encode("aéééa", {.offsets = true});
  ASSERT_TRUE(encoding);
  EXPECT_EQ(spelled(*tokenizer, "aéééa"), (Spelled{"a", "<unk>", "a"}));
  EXPECT_EQ(encoding->offsets, (std::vector<Offset>{{0, 1}, {1, 7}, {7, 8}}));
}

TEST(SentencePieceTokenizer, of_equal_scores_the_longer_left_part_joins_first) {
  auto source = sentencepiece_source({"ab", "abc", "bc", "a", "b", "c", "aab"});
  source.add_space_prefix = false;
  for (float& score : source.scores) score = 0;
  // "aab" from (a, ab): nothing joins "aa", so only that way; "ab" comes before "bc" (lower id).
  EXPECT_EQ(spelled(*compiled(source), "abc"), (Spelled{"abc"}));
}

TEST(SentencePieceTokenizer, control_tokens_are_never_the_result_of_joining) {
  auto source = sentencepiece_source({"<", "s", ">", "<s"});
  source.add_space_prefix = false;
  EXPECT_EQ(spelled(*compiled(source), "<s>", {.parse_special = false}), (Spelled{"<s", ">"}));
}

TEST(SentencePieceTokenizer, user_defined_runs_of_spaces_join_like_pieces) {
  auto source = sentencepiece_source({"▁a", "▁", "a"}, {"  ", "   "});
  source.add_space_prefix = false;
  const auto tokenizer = compiled(source);
  EXPECT_EQ(spelled(*tokenizer, "a  a"), (Spelled{"a", "▁▁", "a"}));
  EXPECT_EQ(spelled(*tokenizer, "a     a"), (Spelled{"a", "▁▁▁", "▁▁", "a"}));
  EXPECT_EQ(tokenizer->decode(Ids{*tokenizer->id("▁▁▁")}), "   ");
}

TEST(SentencePieceTokenizer, a_piece_that_reaches_over_a_word_boundary_is_found) {
  auto source = sentencepiece_source({"a▁b", "a▁", "▁b", "▁", "a", "b"});
  source.add_space_prefix = false;
  EXPECT_EQ(spelled(*compiled(source), "a b"), (Spelled{"a▁b"}));
  EXPECT_EQ(spelled(*compiled(source), "b b"), (Spelled{"b", "▁b"}));
}

TEST(SentencePieceTokenizer, decoding_drops_the_space_that_encoding_put_there) {
  auto source = sentencepiece_source({"▁a", "▁", "a"});
  const auto with_prefix = compiled(source);
  EXPECT_EQ(with_prefix->decode(Ids{*with_prefix->id("▁a"), *with_prefix->id("▁a")}), "a a");
  EXPECT_EQ(with_prefix->decode(Ids{1, *with_prefix->id("▁a")}), "<s> a");
  EXPECT_EQ(with_prefix->decode(Ids{1, *with_prefix->id("▁a")}, {.skip_special = true}), "a");
  source.add_space_prefix = false;
  const auto without = compiled(source);
  EXPECT_EQ(without->decode(Ids{*without->id("▁a")}), " a");
}

TEST(SentencePieceTokenizer, each_byte_that_is_no_character_decodes_to_one_replacement) {
  const auto tokenizer = compiled(sentencepiece_source({"a"}));
  EXPECT_EQ(tokenizer->decode(Ids{3 + 0xE2, 3 + 0x82, 3 + 0xAC}), "€");
  EXPECT_EQ(tokenizer->decode(Ids{3 + 0xE2, 3 + 0x82, *tokenizer->id("a")}), "\uFFFD\uFFFDa");
  EXPECT_EQ(tokenizer->decode(Ids{3 + 0xE2, 3 + 0x82}), "\uFFFD\uFFFD");
}

TEST(SentencePieceTokenizer, offsets_leave_out_the_added_space_and_cover_whole_characters) {
  const auto tokenizer = compiled(sentencepiece_source({"▁a", "▁b", "▁", "a", "b"}));
  const auto encoding = tokenizer->encode("a bé c", {.offsets = true});
  ASSERT_TRUE(encoding);
  EXPECT_EQ(spelled(*tokenizer, "a bé c"), (Spelled{"▁a", "▁b", "<0xC3>", "<0xA9>", "▁", "<0x63>"}));
  EXPECT_EQ(encoding->offsets, (std::vector<Offset>{{0, 1}, {1, 3}, {3, 5}, {3, 5}, {5, 6}, {6, 7}}));
}

TEST(SentencePieceTokenizer, removes_extra_spaces_where_the_model_does) {
  auto source = sentencepiece_source({"▁a", "▁", "a"});
  source.remove_extra_whitespace = true;
  const auto tokenizer = compiled(source);
  EXPECT_EQ(spelled(*tokenizer, "  a   a  "), (Spelled{"▁a", "▁a"}));
  const auto encoding = tokenizer->encode("  a   a  ", {.offsets = true});
  ASSERT_TRUE(encoding);
  EXPECT_EQ(encoding->offsets, (std::vector<Offset>{{2, 3}, {3, 7}}));
  EXPECT_EQ(spelled(*tokenizer, "   "), Spelled{});
}

// Found by fuzzing: the end of a replaced byte before removed spaces.
TEST(SentencePieceTokenizer, offsets_hold_where_invalid_bytes_and_extra_spaces_meet) {
  auto source = sentencepiece_source({"▁a", "▁", "a", "\uFFFD"});
  source.remove_extra_whitespace = true;
  const auto encoding = compiled(source)->encode(" a\xB7  \xFF ", {.offsets = true});
  ASSERT_TRUE(encoding);
  EXPECT_EQ(encoding->offsets, (std::vector<Offset>{{1, 2}, {2, 3}, {3, 5}, {5, 6}}));
}

TEST(SentencePieceTokenizer, refuses_scores_that_do_not_match_the_tokens) {
  auto source = sentencepiece_source({"a"});
  source.scores.pop_back();
  const auto tokenizer = Tokenizer::compile(source);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().message, "The vocabulary has 260 tokens but 259 scores.");
}

}  // namespace
}  // namespace headrace::text
