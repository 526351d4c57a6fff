#include "text/tokenizer_files.h"

#include <gtest/gtest.h>

#include "text/rank_encoding.h"


namespace headrace::text {
namespace {

TEST(TokenizerFiles, AByteLevelSourceGivesTheIdsOfTheCompiledTokenizer) {
  for (const char* name : {"gpt-2", "smollm", "llama-bpe", "qwen2", "qwen35", "ufakzeka", "gpt-4o", "tekken", "minicpm5", "deepseek-v3", "kimi-k2"}) {
    TokenizerSource source;
    source.pre_tokenizer = name;
    for (char c = '!'; c <= '~'; ++c) source.tokens.emplace_back(1, c);
    source.tokens.insert(source.tokens.end(), {"Ġ", "Ċ", "he", "Ġt", "Ġthe", "12", "<|end|>"});
    source.kinds.assign(source.tokens.size(), TokenKind::Normal);
    source.kinds.back() = TokenKind::Control;
    source.merges = {"h e", "Ġ t", "Ġt he", "1 2"};
    const auto compiled = Tokenizer::compile(source);
    ASSERT_TRUE(compiled) << compiled.error().message;
    const auto pipeline = pipeline_of(source);
    ASSERT_TRUE(pipeline) << pipeline.error().message;
    for (const std::string_view text : {"the the", "123 12345", "don't  he\n\n x", "a<|end|>b", "  !?\n"}) {
      const auto expected = (*compiled)->encode(text);
      const auto encoding = pipeline->encode({text, std::nullopt});
      ASSERT_TRUE(expected && encoding);
      EXPECT_EQ(encoding->ids, expected->ids) << name << ": " << text;
    }
  }
}

TEST(TokenizerFiles, APreTokenizerOfByteLettersIsAnErrorThatNamesIt) {
  TokenizerSource source;
  source.pre_tokenizer = "falcon";
  const auto pipeline = pipeline_of(source);
  ASSERT_FALSE(pipeline);
  EXPECT_EQ(pipeline.error().kind, ErrorKind::Unsupported);
  EXPECT_NE(pipeline.error().message.find("falcon"), std::string::npos);
}

TEST(TokenizerFiles, RanksOfAnUnknownEncodingAreAnErrorThatSaysWhatIsMissing) {
  const auto pipeline = load_tokenizer_bytes("YQ== 0\nYg== 1\nYWI= 2\n", "some.tiktoken");
  ASSERT_FALSE(pipeline);
  EXPECT_NE(pipeline.error().message.find("some.tiktoken"), std::string::npos);
  EXPECT_NE(pipeline.error().message.find("say which"), std::string::npos);
}

TEST(TokenizerFiles, RanksLoadWithANamedEncoding) {
  const auto pipeline = load_tokenizer_bytes("YQ== 0\nYg== 1\nYWI= 2\n", "some.tiktoken", {"cl100k_base"});
  ASSERT_TRUE(pipeline) << pipeline.error().message;
  const auto encoding = pipeline->encode({"abba<|endoftext|>", std::nullopt});
  ASSERT_TRUE(encoding);
  EXPECT_EQ(encoding->ids, (std::vector<TokenId>{2, 1, 0, 100257}));
}

TEST(TokenizerFiles, ADamagedSentencePieceModelNamesThePlace) {
  const std::string piece("\x0A\x0C\x0A\x03<u>\x15\0\0\0\0\x18\x02", 14);
  EXPECT_TRUE(load_tokenizer_bytes(piece, "good"));
  const auto cut = load_tokenizer_bytes(piece + "\x0A\x7F", "cut.model");
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("cut.model"), std::string::npos);
  const auto twice = load_tokenizer_bytes(piece + piece, "twice.model");
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("has come before"), std::string::npos);
}

TEST(TokenizerFiles, PatternsOfRustAreWrittenInOnigurumasSyntax) {
  EXPECT_EQ(oniguruma_pattern(R"(\p{N}{1,3}+|\s++$|^a)"), R"((?>\p{N}{1,3})|\s++\z|\Aa)");
  EXPECT_EQ(oniguruma_pattern(R"([^$]{2}+|(ab){2}+|\pL)"), R"((?>[^$]{2})|(?>(ab){2})|\p{L})");
}

}  // namespace
}  // namespace headrace::text
