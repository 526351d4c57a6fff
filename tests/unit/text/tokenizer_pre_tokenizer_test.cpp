#include "text/pretokenize/pattern_classes.h"
#include "text/pretokenize/pattern_pre_tokenizer.h"
#include "text/pretokenize/pre_tokenizer.h"
#include "tokenizer_sources.h"

namespace headrace::text {
namespace {

using Pieces = std::vector<std::string>;

Pieces cut(const PreTokenizer& pre_tokenizer, std::string_view text) {
  std::vector<uint32_t> ends;
  const auto done = pre_tokenizer.split(text, ends);
  if (!done) return {"error: " + done.error().message};
  Pieces pieces;
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    pieces.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return pieces;
}

Pieces cut(std::string_view name, std::string_view text) {
  const auto choice = choose_pre_tokenizer(name);
  if (!choice) return {"error: " + choice.error().message};
  return cut(*choice->pre_tokenizer, text);
}

TEST(PreTokenizer, gpt2_cuts_words_with_their_space_numbers_and_symbols) {
  EXPECT_EQ(cut("gpt-2", "Hello, world! I've 42  cats\n\n"),
            (Pieces{"Hello", ",", " world", "!", " I", "'ve", " 42", " ", " cats", "\n\n"}));
  EXPECT_EQ(cut("gpt-2", "a   b"), (Pieces{"a", "  ", " b"}));
  EXPECT_EQ(cut("gpt-2", "a \tb"), (Pieces{"a", " ", "\t", "b"}));
}

TEST(PreTokenizer, smollm_cuts_digits_one_by_one_before_all_else) {
  EXPECT_EQ(cut("smollm", "in  2024!"), (Pieces{"in", "  ", "2", "0", "2", "4", "!"}));
  EXPECT_EQ(cut("smollm", "x²½"), (Pieces{"x", "²", "½"}));
}

TEST(PreTokenizer, llama_takes_up_to_three_digits_and_one_character_before_a_word) {
  EXPECT_EQ(cut("llama-bpe", "\tfoo(bar) 12345 DON'T"),
            (Pieces{"\tfoo", "(bar", ")", " ", "123", "45", " DON", "'T"}));
  EXPECT_EQ(cut("llama-bpe", "a \n \n  b!!\n\nc"), (Pieces{"a", " \n \n", " ", " b", "!!\n\n", "c"}));
}

TEST(PreTokenizer, qwen_takes_digits_one_by_one) { EXPECT_EQ(cut("qwen2", "a12"), (Pieces{"a", "1", "2"})); }

TEST(PreTokenizer, gpt4o_cuts_words_by_case) {
  EXPECT_EQ(cut("gpt-4o", "HelloWorld HTTPServer's a/b\n/"),
            (Pieces{"Hello", "World", " HTTPServer's", " a", "/b", "\n", "/"}));
}

TEST(PreTokenizer, superbpe_cuts_numbers_from_the_right) {
  EXPECT_EQ(cut("superbpe", "n=1234567 ok"), (Pieces{"n=", "1", "234", "567", " ok"}));
}

TEST(PreTokenizer, falcon_takes_three_digits_after_cutting_punctuation_off) {
  EXPECT_EQ(cut("falcon", "a,b 12345"), (Pieces{"a", ",", "b", " ", "123", "45"}));
}

TEST(PreTokenizer, each_known_name_keeps_every_byte_of_any_text) {
  const std::string text = "Hi \xC2\xA0\t\n 12345½'s <é中文かな한글\U0001F600>\xCC\x81 a  \r\n";
  for (const std::string& name : pre_tokenizer_names()) {
    std::string joined;
    for (const std::string& piece : cut(name, text)) {
      EXPECT_FALSE(piece.empty()) << name;
      joined += piece;
    }
    EXPECT_EQ(joined, text) << name;
    EXPECT_EQ(cut(name, ""), Pieces{}) << name;
  }
}

// A quarter of a megabyte of what patterns stumble over; a quadratic step would take minutes.
TEST(PreTokenizer, no_shape_of_text_takes_more_than_linear_time) {
  const size_t size = 1 << 18;
  std::string mixed;
  while (mixed.size() < size) mixed += "中A'";
  for (const std::string& name : pre_tokenizer_names()) {
    for (const std::string& text : {std::string(size, 'a'), std::string(size, 'A'), std::string(size, ' ') + "x",
                                    std::string(size, '^'), std::string(size, '1') + "x", std::string(size, '\n'), mixed}) {
      const auto choice = choose_pre_tokenizer(name);
      ASSERT_TRUE(choice) << name;
      std::vector<uint32_t> ends;
      const auto done = choice->pre_tokenizer->split(text, ends);
      if (done) {
        EXPECT_EQ(ends.back(), text.size()) << name;
      } else {
        EXPECT_EQ(done.error().kind, ErrorKind::OutOfRange) << name;
      }
    }
  }
}

TEST(PatternPreTokenizer, an_empty_match_only_cuts) {
  const auto pattern = make_pattern_pre_tokenizer("(?=b)");
  ASSERT_TRUE(pattern);
  EXPECT_EQ(cut(**pattern, "abab"), (Pieces{"a", "ba", "b"}));
}

TEST(PatternPreTokenizer, what_is_between_matches_is_a_piece_too) {
  const auto pattern = make_pattern_pre_tokenizer("\\p{N}+");
  ASSERT_TRUE(pattern);
  EXPECT_EQ(cut(**pattern, "ab12c3"), (Pieces{"ab", "12", "c", "3"}));
}

TEST(PatternPreTokenizer, classes_are_those_of_our_unicode_tables) {
  const auto pattern = make_pattern_pre_tokenizer("[^\\s\\p{L}]+");
  ASSERT_TRUE(pattern);
  // U+A7DC and U+1C89 became letters with Unicode 16; U+0085 is white space.
  EXPECT_EQ(cut(**pattern, "\uA7DC!\u1C89?\u0085"), (Pieces{"\uA7DC", "!", "\u1C89", "?", "\u0085"}));
}

TEST(PatternClasses, are_written_out_within_and_without_brackets) {
  EXPECT_EQ(with_explicit_classes("a[b\\x{41}]\\\\p"), "a[b\\x{41}]\\\\p");
  EXPECT_EQ(with_explicit_classes("\\p{Lt}").substr(0, 20), "[\\x{1c5}-\\x{1c5}\\x{1");
  EXPECT_EQ(with_explicit_classes("\\p{Han}"), "\\p{Han}");
}

}  // namespace
}  // namespace headrace::text
