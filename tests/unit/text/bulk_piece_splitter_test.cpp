#include "text/bulk/piece_splitter.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>
#include <vector>

#include "text/pretokenize/pattern_pre_tokenizer.h"
#include "text/pretokenize/pre_tokenizer.h"
#include "text/pretokenize/published_families.h"
#include "text/pretokenize/sequence_pre_tokenizer.h"

namespace headrace::text {
namespace {

using Ends = std::vector<uint32_t>;

struct Named {
  const char* name;
  SplitRules rules;
};

std::vector<Named> families() {
  return {{"gpt2", Gpt2Rules{}},
          {"gpt2, digits one by one", Gpt2Rules{NumberCut::OneByOne}},
          {"cl100k", Cl100kRules{}},
          {"qwen2", Cl100kRules{.most_digits = 1}},
          {"any number of digits", Cl100kRules{.most_digits = 0}},
          {"marks in words", Cl100kRules{.most_digits = 1, .marks_in_words = true}},
          {"no contractions", Cl100kRules{.most_digits = 1, .contractions = false}},
          {"no newlines after symbols", Cl100kRules{.most_digits = 1, .newlines_after_symbols = false}},
          {"o200k", O200kRules{}},
          {"tekken", O200kRules{.most_digits = 1, .contractions = false}},
          {"deepseek", DeepSeekRules{}}};
}

Ends ends_of_scanner(const PieceSplitter& splitter, std::string_view text) {
  Ends ends;
  EXPECT_TRUE(splitter.scanner().split(text, ends));
  return ends;
}

Ends ends_of_splitter(const PieceSplitter& splitter, std::string_view text) {
  static SplitChunk chunk;
  Ends ends;
  for (size_t from = 0; from < text.size();) {
    const size_t end = splitter.cut(text, from, chunk);
    for (size_t i = 1; i < chunk.blocks * 64; ++i) {
      if (chunk.starts[i / 64] >> (i % 64) & 1) ends.push_back(static_cast<uint32_t>(from + i));
    }
    ends.push_back(static_cast<uint32_t>(end));
    if (end <= from) return {};
    from = end;
  }
  return ends;
}

std::string shown(std::string_view text, const Ends& ends, size_t around) {
  std::string out;
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    if (end + 40 > around && begin < around + 40) out += "[" + std::string(text.substr(begin, end - begin)) + "]";
    begin = end;
  }
  return out;
}

void expect_same(const PieceSplitter& splitter, const std::string& name, std::string_view text) {
  const Ends expected = ends_of_scanner(splitter, text), found = ends_of_splitter(splitter, text);
  if (expected == found) return;
  size_t i = 0;
  while (i < expected.size() && i < found.size() && expected[i] == found[i]) ++i;
  const size_t around = i < expected.size() ? expected[i] : text.size();
  FAIL() << name << ": piece " << i << " near byte " << around << " of " << text.size() << "\n wanted "
         << shown(text, expected, around) << "\n found  " << shown(text, found, around);
}

/// Fragments that meet every rule, in any order.
class TextMaker {
 public:
  explicit TextMaker(uint32_t seed) : random_(seed) {}

  std::string text(size_t bytes) {
    static const std::vector<std::string> parts = {
        " ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00A0", "\u3000", "\u2003 ", "\f", "\v",
        "a", "b", "the", "Word", "WORD", "mixedCase", "HTMLParser", "x", "ſ", "é", "É", "ß", "ǅ", "ʰ", "жук", "ЖУК", "Ж",
        "中", "中文字", "日本語", "ひらがな", "カタカナ", "・", "ー", "한국어", "ไทย", "हिन्दी", "\u0301", "e\u0301", "E\u0301", "\u3099",
        "1", "12", "123", "1234", "12345678", "٣", "٣٤٥٦", "²", "Ⅷ", "万", "½½½½",
        "'", "'s", "'S", "'t", "'re", "'ve", "'ll", "'d", "'m", "'ſ", "'x", "''", "'re've", "'l", "'v",
        ".", ",", "!", "?!", "...", "(", ")", "/", "//", "-", "_", "\"", "$", "“", "”", "—", "…", "。", "，", "€", "😀", "❤\uFE0F",
        "!\n", ".\n\n", "/\n/", "\u200B", "\u200D", std::string(1, '\0'), "\x01", "\x7F", "\U0001D400", "\U00020000", "\U000E0041"};
    std::string text;
    while (text.size() < bytes) {
      if (random_() % 50 == 0) {  // a long run
        const std::string& part = parts[random_() % parts.size()];
        for (size_t n = random_() % 100; n > 0; --n) text += part;
      } else {
        text += parts[random_() % parts.size()];
      }
    }
    return text;
  }

 private:
  std::mt19937 random_;
};

std::string valid_slice(const std::string& text, size_t from) {
  while (from < text.size() && (text[from] & 0xC0) == 0x80) ++from;
  return text.substr(from);
}

TEST(PieceSplitter, cuts_as_the_scanners_by_hand_with_every_instruction_set) {
  for (const SplitKernels* kernels : all_split_kernels()) {
    for (const Named& family : families()) {
      const PieceSplitter splitter(family.rules, *kernels);
      TextMaker maker(20261128);
      for (int i = 0; i < 300; ++i) {
        const std::string text = maker.text(i < 200 ? i : 20000);
        expect_same(splitter, std::string(kernels->name) + ", " + family.name, text);
        if (HasFatalFailure()) break;
      }
    }
  }
}

TEST(PieceSplitter, cuts_alike_wherever_a_text_begins) {
  for (const Named& family : families()) {
    const PieceSplitter splitter(family.rules);
    const std::string text = TextMaker(7).text(30000);
    for (size_t offset = 0; offset < 70; ++offset) {
      expect_same(splitter, family.name, valid_slice(text, offset));
      if (HasFatalFailure()) break;
    }
  }
}

TEST(PieceSplitter, cuts_pieces_that_are_longer_than_a_chunk) {
  for (const Named& family : families()) {
    const PieceSplitter splitter(family.rules);
    for (const char* unit : {"a", "A", " ", "\n", " \n", "1", "^", "中", "'s", "'", "\u0301", "中A", "aB", "!\n/", "\u200B", "\u3000"}) {
      std::string text = "x";
      while (text.size() < 20000) text += unit;
      expect_same(splitter, std::string(family.name) + ", " + unit, text);
      expect_same(splitter, std::string(family.name) + ", " + unit + " and more", text + "b c");
    }
  }
}

TEST(PieceSplitter, cuts_with_few_pieces_alike_at_every_length_around_a_block) {
  for (const Named& family : families()) {
    const PieceSplitter splitter(family.rules);
    for (const char* end : {"", "x", "\n", "\n x", " ", "'s", "中", "12", "!\n"}) {
      for (const char* unit : {"a", " ", "\n", "1", "!", "中", "é"}) {
        std::string text;
        for (int n = 0; n < 150; ++n) {
          text += unit;
          expect_same(splitter, family.name, text + end);
        }
      }
    }
  }
}

TEST(PieceSplitter, the_scanner_of_deepseek_cuts_as_its_published_patterns) {
  std::vector<std::unique_ptr<const PreTokenizer>> stages;
  for (const std::string& pattern : patterns_of(DeepSeekRules{})) {
    auto made = make_pattern_pre_tokenizer(pattern);
    ASSERT_TRUE(made);
    stages.push_back(std::move(*made));
  }
  const auto patterns = make_sequence_pre_tokenizer(std::move(stages));
  const auto scanner = make_scanner(DeepSeekRules{});
  TextMaker maker(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = maker.text(static_cast<size_t>(i % 200));
    Ends expected, found;
    ASSERT_TRUE(patterns->split(text, expected));
    ASSERT_TRUE(scanner->split(text, found));
    ASSERT_EQ(shown(text, expected, 0), shown(text, found, 0));
    ASSERT_EQ(expected, found) << text;
  }
}

// What a GGUF file names is written with these patterns, and must be known again when its pipeline is to encode in bulk.
TEST(PieceSplitter, the_patterns_of_every_name_with_a_scanner_are_known_as_its_family) {
  size_t known = 0;
  for (const std::string& name : pre_tokenizer_names()) {
    const auto choice = choose_pre_tokenizer(name);
    ASSERT_TRUE(choice) << name;
    if (!choice->rules) continue;
    const auto patterns = pre_tokenizer_patterns(name);
    ASSERT_TRUE(patterns) << name;
    const auto rules = rules_of_patterns(patterns->patterns);
    ASSERT_TRUE(rules) << name;
    EXPECT_EQ(rules->index(), choice->rules->index()) << name;
    EXPECT_EQ(patterns_of(*rules), patterns->patterns) << name;
    ++known;
  }
  EXPECT_GT(known, 40u);
}

}  // namespace
}  // namespace headrace::text
