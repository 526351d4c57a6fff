#include <random>

#include "tokenizer_sources.h"

namespace headrace::text {
namespace {

std::string streamed(const Tokenizer& tokenizer, const Ids& ids, const DecodeOptions& options = {}) {
  StreamDecoder decoder = tokenizer.stream_decoder(options);
  std::string text;
  for (const TokenId id : ids) text += decoder.push(id);
  return text += decoder.finish();
}

TEST(StreamDecoder, holds_back_a_partial_character_and_nothing_else) {
  StreamDecoder decoder = compiled(byte_level_source({}))->stream_decoder();
  EXPECT_EQ(decoder.push('a'), "a");
  EXPECT_EQ(decoder.push(0xE2), "");
  EXPECT_EQ(decoder.push(0x82), "");
  EXPECT_EQ(decoder.push(0xAC), "€");
  EXPECT_EQ(decoder.push(0xE2), "");
  EXPECT_EQ(decoder.push('b'), "\uFFFDb");
  EXPECT_EQ(decoder.push(0xF0), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
}

TEST(StreamDecoder, a_replacement_character_of_the_text_itself_does_not_stall_it) {
  StreamDecoder decoder = compiled(byte_level_source({}))->stream_decoder();
  decoder.push(0xEF);
  decoder.push(0xBF);
  EXPECT_EQ(decoder.push(0xBD), "\uFFFD");
}

TEST(StreamDecoder, skips_ids_outside_the_vocabulary_and_special_ones_by_option) {
  const auto tokenizer = compiled(byte_level_source({}, {"<s>"}));
  EXPECT_EQ(streamed(*tokenizer, {'a', 999, 256, 'b'}), "a<s>b");
  EXPECT_EQ(streamed(*tokenizer, {'a', 999, 256, 'b'}, {.skip_special = true}), "ab");
}

TEST(StreamDecoder, drops_the_leading_space_of_a_model_with_space_prefix_once) {
  const auto tokenizer = compiled(sentencepiece_source({"▁a", "▁", "a"}));
  const TokenId word = *tokenizer->id("▁a");
  EXPECT_EQ(streamed(*tokenizer, {word, word}), "a a");
}

TEST(StreamDecoder, a_copy_goes_on_by_itself) {
  StreamDecoder first = compiled(byte_level_source({}))->stream_decoder();
  first.push(0xC3);
  StreamDecoder second = first;
  EXPECT_EQ(first.push(0xA9), "é");
  EXPECT_EQ(second.push(0xA8), "è");
}

TEST(StreamDecoder, keeps_the_vocabulary_alive) {
  StreamDecoder decoder = [] { return compiled(byte_level_source({}))->stream_decoder(); }();
  EXPECT_EQ(decoder.push('x'), "x");
}

TEST(StreamDecoder, concatenates_to_the_whole_decode_for_random_ids) {
  const auto byte_level = compiled(byte_level_source({"a b"}, {"<s>"}, {"é"}));
  const auto sentencepiece = compiled(sentencepiece_source({"▁a", "▁", "é", "€"}, {"  "}));
  std::mt19937 random(20261124);
  for (const auto& tokenizer : {byte_level, sentencepiece}) {
    for (int round = 0; round < 20000; ++round) {
      Ids ids(random() % 12);
      for (TokenId& id : ids) id = random() % tokenizer->vocabulary_size();
      const DecodeOptions options{.skip_special = random() % 2 == 0};
      ASSERT_EQ(streamed(*tokenizer, ids, options), tokenizer->decode(ids, options)) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace headrace::text
