#include <atomic>
#include <thread>

#include "tokenizer_sources.h"

// What holds for large vocabularies; the models' own are compared with the reference
// package in tests/parity/test_tokenizer.py.
namespace headrace::text {
namespace {

/// A byte-level vocabulary with a chain of merges over all pairs of lower-case letters.
TokenizerSource letter_pairs() {
  std::vector<std::string> merges;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) merges.push_back({a, ' ', b});
  }
  return byte_level_source(merges, {"<|x|>"});
}

TEST(SharedTokenizer, threads_get_the_answers_that_one_thread_gets) {
  const auto tokenizer = compiled(letter_pairs());
  std::vector<std::string> texts;
  std::vector<Ids> expected;
  const auto fresh = compiled(letter_pairs());
  for (int i = 0; i < 200; ++i) {
    std::string text = "<|x|>";
    for (int k = 0; k < i; ++k) text += static_cast<char>((k * i) % 27 == 26 ? ' ' : 'a' + (k * i) % 27);
    expected.push_back(fresh->encode(text)->ids);
    texts.push_back(std::move(text));
  }
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < texts.size(); ++i) wrong += tokenizer->encode(texts[i])->ids != expected[i];
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(SharedTokenizer, two_in_one_thread_do_not_disturb_each_other) {
  const auto one = compiled(byte_level_source({"a b"}));
  const auto other = compiled(byte_level_source({"b c"}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(spelled(*one, "abc"), (Spelled{"ab", "c"}));
    EXPECT_EQ(spelled(*other, "abc"), (Spelled{"a", "bc"}));
  }
}

TEST(SharedTokenizer, equal_entries_mean_the_last_of_them) {
  auto source = byte_level_source({"a b"});
  source.tokens.push_back("ab");
  source.kinds.push_back(TokenKind::Normal);
  const auto tokenizer = compiled(source);
  EXPECT_EQ(tokenizer->id("ab"), 257u);
  EXPECT_EQ(tokenizer->encode("ab")->ids, (Ids{257}));
}

TEST(SharedTokenizer, refuses_kinds_that_do_not_match_and_an_empty_vocabulary) {
  auto source = byte_level_source({});
  source.kinds.pop_back();
  EXPECT_FALSE(Tokenizer::compile(source));
  EXPECT_FALSE(Tokenizer::compile({}));
}

}  // namespace
}  // namespace headrace::text
