#include <fmt/format.h>

#include "tokenizer_sources.h"

namespace headrace::text {
namespace {

TEST(ByteLevelTokenizer, merges_in_order_of_rank_and_leftmost_first) {
  const auto tokenizer = compiled(byte_level_source({"b c", "a b", "a a"}));
  EXPECT_EQ(spelled(*tokenizer, "abc"), (Spelled{"a", "bc"}));
  EXPECT_EQ(spelled(*tokenizer, "ab"), (Spelled{"ab"}));
  EXPECT_EQ(spelled(*tokenizer, "aaa"), (Spelled{"aa", "a"}));
  EXPECT_EQ(spelled(*tokenizer, "aabc"), (Spelled{"aa", "bc"}));
}

TEST(ByteLevelTokenizer, a_long_piece_merges_like_a_short_one) {
  const auto tokenizer = compiled(byte_level_source({"a a", "aa aa"}));
  const std::string text(1003, 'a');
  Spelled expected(250, "aaaa");
  expected.insert(expected.end(), {"aa", "a"});
  EXPECT_EQ(spelled(*tokenizer, text), expected);
}

TEST(ByteLevelTokenizer, an_entry_that_no_merge_reaches_is_not_used) {
  auto source = byte_level_source({"a b"});
  source.tokens.push_back("abc");
  source.kinds.push_back(TokenKind::Normal);
  EXPECT_EQ(spelled(*compiled(source), "abc abc"), (Spelled{"ab", "c", "Ġ", "ab", "c"}));
}

TEST(ByteLevelTokenizer, a_family_that_ignores_merges_takes_a_whole_piece_first) {
  auto source = byte_level_source({"a b"});
  source.tokens.push_back("abc");
  source.kinds.push_back(TokenKind::Normal);
  source.pre_tokenizer = "llama-bpe";
  EXPECT_EQ(spelled(*compiled(source), "abc"), (Spelled{"abc"}));
}

TEST(ByteLevelTokenizer, a_byte_without_a_token_is_left_out) {
  auto source = byte_level_source({});
  source.tokens[0xF1] = "[no such letter]";
  EXPECT_EQ(spelled(*compiled(source), "a\xF1\x80\x80\x80!").size(), 5u);
}

TEST(ByteLevelTokenizer, refuses_a_merge_of_tokens_that_are_not_there) {
  auto source = byte_level_source({});
  source.merges = {"a b"};
  const auto tokenizer = Tokenizer::compile(source);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().kind, ErrorKind::InvalidData);
  EXPECT_EQ(tokenizer.error().message, "Merge 0 (\"a b\") needs the token \"ab\", which the vocabulary lacks.");
}

TEST(ByteLevelTokenizer, refuses_an_unknown_pre_tokenizer_by_name) {
  auto source = byte_level_source({});
  source.pre_tokenizer = "no-such-model";
  const auto tokenizer = Tokenizer::compile(source);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(tokenizer.error().message.find("\"no-such-model\""), std::string::npos);
  EXPECT_NE(tokenizer.error().message.find("smollm"), std::string::npos);
}

TEST(ByteLevelTokenizer, refuses_named_tokens_outside_the_vocabulary) {
  auto source = byte_level_source({});
  source.bos = 256;
  const auto tokenizer = Tokenizer::compile(source);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().message, "The bos token is 256, but the vocabulary has only 256 tokens.");
}

TEST(ByteLevelTokenizer, decodes_the_bytes_and_repairs_them_as_a_whole) {
  const auto tokenizer = compiled(byte_level_source({}, {"<|end|>"}));
  EXPECT_EQ(tokenizer->decode(Ids{0xC3, 0xA9, '!'}), "é!");
  EXPECT_EQ(tokenizer->decode(Ids{0xE2, 0x82, '!'}), "\uFFFD!");
  EXPECT_EQ(tokenizer->decode(Ids{0xFF, 0xFE}), "\uFFFD\uFFFD");
  EXPECT_EQ(tokenizer->decode(Ids{'a', 256, 'b'}), "a<|end|>b");
  EXPECT_EQ(tokenizer->decode(Ids{'a', 256, 'b'}, {.skip_special = true}), "ab");
}

TEST(ByteLevelTokenizer, refuses_to_decode_ids_outside_the_vocabulary) {
  const auto text = compiled(byte_level_source({}))->decode(Ids{256});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().kind, ErrorKind::OutOfRange);
}

TEST(ByteLevelTokenizer, an_added_token_decodes_as_it_is_spelled) {
  const auto tokenizer = compiled(byte_level_source({}, {}, {"<é>"}));
  EXPECT_EQ(tokenizer->decode(Ids{256}), "<é>");
  EXPECT_EQ(tokenizer->token_bytes(256), "<é>");
  EXPECT_EQ(tokenizer->token_bytes(' '), " ");
  EXPECT_EQ(tokenizer->token_bytes(999), "");
}

TEST(ByteLevelTokenizer, offsets_are_bytes_of_the_text_and_whole_characters) {
  const auto tokenizer = compiled(byte_level_source({"h i"}));
  const auto encoding = tokenizer->encode("hi é", {.offsets = true});
  ASSERT_TRUE(encoding);
  EXPECT_EQ(encoding->offsets, (std::vector<Offset>{{0, 2}, {2, 3}, {3, 5}, {3, 5}}));
  EXPECT_EQ(encoding->type_ids, (std::vector<uint8_t>{0, 0, 0, 0}));
}

TEST(ByteLevelTokenizer, reads_invalid_utf8_as_the_replacement_character) {
  const auto tokenizer = compiled(byte_level_source({}));
  const auto broken = tokenizer->encode("a\xE2\x82z\xFF", {.offsets = true});
  const auto replaced = tokenizer->encode("a\uFFFDz\uFFFD");
  ASSERT_TRUE(broken && replaced);
  EXPECT_EQ(broken->ids, replaced->ids);
  EXPECT_EQ(broken->offsets, (std::vector<Offset>{{0, 1}, {1, 3}, {1, 3}, {1, 3}, {3, 4}, {4, 5}, {4, 5}, {4, 5}}));
}

TEST(ByteLevelTokenizer, encodes_nothing_to_nothing) {
  EXPECT_EQ(spelled(*compiled(byte_level_source({})), ""), Spelled{});
}

}  // namespace
}  // namespace headrace::text
