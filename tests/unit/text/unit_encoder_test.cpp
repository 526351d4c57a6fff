#include "text/bulk/unit_encoder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "text/pipeline.h"

namespace headrace::text {
namespace {

const std::string kNothing = R"({"type":"Split","pattern":{"String":"☃☃☃ nowhere ☃☃☃"},"behavior":"Isolated","invert":false})";

/// A tokenizer, and one that is not recognised because of a part that does nothing.
struct Both {
  Pipeline fast, slow;
};

Both both(const std::string& normalizer, const std::string& pre_tokenizer, const std::string& model) {
  const auto made = [&](const std::string& last) {
    auto pipeline = Pipeline::from_json(
        R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"<unk>","single_word":false,"lstrip":false,)"
        R"("rstrip":false,"normalized":false,"special":true}],"post_processor":null,"decoder":null,"normalizer":)" +
        normalizer + R"(,"pre_tokenizer":{"type":"Sequence","pretokenizers":[)" + pre_tokenizer + last + R"(]},"model":)" + model + "}");
    EXPECT_TRUE(pipeline) << pipeline.error().message;
    return *std::move(pipeline);
  };
  Both pair{made(""), made("," + kNothing)};
  std::string much;
  for (int i = 0; i < 10000; ++i) much += "so much ";
  EXPECT_TRUE(pair.fast.encode({much, std::nullopt}));  // now tables are worth building
  return pair;
}

Both word_piece() {
  return both(R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true})",
              R"({"type":"BertPreTokenizer"})",
              R"({"type":"WordPiece","unk_token":"<unk>","continuing_subword_prefix":"##","max_input_chars_per_word":20,"vocab":{"<unk>":0,)"
              R"("the":1,"th":2,"##e":3,"##s":4,"so":5,"much":6,"中":7,"国":8,".":9,",":10,"e":11,"a":12,"##a":13,"##aa":14,"'":15,"ж":16}})");
}

Both unigram(const std::string& pre_tokenizer, const std::string& pair_score) {
  return both(R"({"type":"NFKC"})", pre_tokenizer,
              R"({"type":"Unigram","unk_id":0,"byte_fallback":false,"vocab":[["<unk>",0],["▁",-2],["▁the",-3.1],["the",-4.7],["▁so",-3.3],)"
              R"(["▁much",-4],["a",-2.5],["aa",-3.5],["aaa",-5],["中",-5.25],["国",-5.125],["中国",)" + pair_score +
              R"(],["国中",-10.375],["。",-3],["文",-6],["t",-5],["h",-5],["e",-4.5],["▁中",-8]]})");
}

std::string random_text(std::mt19937& random, size_t parts) {
  static const char* const kParts[] = {"the", "The", "THE", " ", "  ", "\n", "so", "much", "中", "国", "中国", "文", "。", "aaaa", "a", ".", ",",
                                       "'", "é", "e\u0301", "\u0301", "ж", "😀", "▁", "\u3000", "\u00a0", "\r\n", "\x01", "ﬁ", "½", "<unk>",
                                       "学", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\t", "\u2009"};
  std::string text;
  for (size_t i = 0; i < parts; ++i) text += kParts[random() % std::size(kParts)];
  return text;
}

void expect_same(const Both& pair, std::string_view text) {
  const auto fast = pair.fast.encode({text, std::nullopt}), slow = pair.slow.encode({text, std::nullopt});
  ASSERT_TRUE(fast && slow);
  ASSERT_EQ(*fast, *slow) << text.substr(0, 200);
  std::vector<TokenId> ids;
  ASSERT_TRUE(pair.fast.encode_ids(text, {}, ids));
  ASSERT_EQ(ids, slow->ids) << text.substr(0, 200);
}

void expect_same_over_random_texts(const Both& pair) {
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) expect_same(pair, random_text(random, random() % 12));
  // Longer than chunks, at every place against their ends.
  const std::string text = random_text(random, 4000);
  for (size_t cut = 0; cut < 70; ++cut) {
    size_t begin = cut;
    while ((text[begin] & 0xC0) == 0x80) ++begin;
    expect_same(pair, std::string_view(text).substr(begin));
  }
  for (const char* shape : {"a", " ", "中", "中国", "\u0301", "the ", ".", "文", "▁", "\r\n", "😀"}) {
    std::string run;
    while (run.size() < 9000) run += shape;
    expect_same(pair, run);
    expect_same(pair, "中" + run + "国");
  }
}

TEST(UnitEncoder, makes_the_same_word_pieces_as_the_steps_of_a_pipeline) { expect_same_over_random_texts(word_piece()); }

TEST(UnitEncoder, makes_the_same_unigram_pieces_where_spaces_separate) {
  expect_same_over_random_texts(
      unigram(R"({"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true})", "-9"));
}

TEST(UnitEncoder, makes_the_same_unigram_pieces_where_spaces_lead) {
  for (const char* scheme : {"always", "first", "never"}) {
    expect_same_over_random_texts(
        unigram(R"({"type":"Metaspace","replacement":"▁","split":true,"prepend_scheme":")" + std::string(scheme) + "\"}", "-9"));
  }
}

// 国中 is as good as 国 and 中; 中国 is so up to the last digits, which sums do not keep.
TEST(UnitEncoder, leaves_to_the_whole_word_what_rounding_decides) {
  for (const char* score : {"-10.375", "-10.375000000000002", "-10.374999999999998", "-10.37500000001"}) {
    expect_same_over_random_texts(unigram(R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true})", score));
  }
}

}  // namespace
}  // namespace headrace::text
