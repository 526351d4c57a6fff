#include "text/bulk/bulk_encoder.h"

#include <gtest/gtest.h>

#include <barrier>
#include <random>
#include <string>
#include <thread>

#include "base/thread_pool.h"
#include "text/limits.h"
#include "tokenizer_sources.h"

namespace headrace::text {
namespace {

/// A vocabulary with everything that is hard for barriers and tables: characters joined whole and in
/// parts, an entry that no merge reaches, long entries.
TokenizerSource hard_source(const std::string& pre) {
  const auto letters = [](std::string_view bytes) {
    std::string spelled;
    for (const char byte : bytes) spelled += ByteLetters::letter(static_cast<uint8_t>(byte));
    return spelled;
  };
  std::vector<std::string> merges;
  std::vector<std::string> known;
  std::mt19937 random(11);
  const auto merge = [&](const std::string& left, const std::string& right) {
    const std::string joined = left + right;
    if (std::ranges::find(known, joined) != known.end()) return;
    known.push_back(joined);
    merges.push_back(letters(left) + " " + letters(right));
  };
  for (const char* character : {"中", "文", "字", "国", "ж", "у", "é", "。"}) {
    const std::string bytes = character;
    for (size_t n = 2; n <= bytes.size(); ++n) merge(bytes.substr(0, n - 1), bytes.substr(n - 1, 1));
  }
  merge("中", "文"), merge("国", "中"), merge("文", "\xE5"), merge("\xAD", "\x97"), merge("\xAD\x97", "中"), merge("ж", "\xD1");
  merge("t", "h"), merge("th", "e"), merge(" ", "the"), merge("i", "n"), merge("in", "g"), merge("1", "2"), merge("s", " ");
  merge(" ", "t"), merge("a", "b"), merge("ab", "ab"), merge("abab", "abab"), merge("abababab", "abababab"), merge("'", "s");
  TokenizerSource source = byte_level_source(merges, {"<|end|>"}, {"<tool>"});
  source.pre_tokenizer = pre;
  source.tokens.push_back(letters("hat"));  // no merge makes it
  source.kinds.push_back(TokenKind::Normal);
  return source;
}

std::string random_text(std::mt19937& random, size_t parts) {
  static const char* const kParts[] = {"中", "文", "字", "国", "学", "ж", "у", "é", "。", "the", " the", "hat", "ing", "ab", "abab", "12", "1",
                                       " ", "  ", "\n", "'s", "s ", ".", "<|end|>", "<tool>", "ſ", "😀", "X", "文字中国中文"};
  std::string text;
  for (size_t i = 0; i < parts; ++i) text += kParts[random() % std::size(kParts)];
  return text;
}

/// The tokens by the rules alone: each piece's merges, one after another.
Ids by_merging(const TokenizerSource& source, std::string_view piece) {
  std::vector<std::string> symbols;
  for (const char byte : piece) symbols.push_back(ByteLetters::letter(static_cast<uint8_t>(byte)));
  for (;;) {
    size_t best_rank = source.merges.size(), best = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto rank = static_cast<size_t>(std::ranges::find(source.merges, symbols[i] + " " + symbols[i + 1]) - source.merges.begin());
      if (rank < best_rank) best_rank = rank, best = i;
    }
    if (best_rank == source.merges.size()) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  Ids ids;
  for (const std::string& symbol : symbols) ids.push_back(static_cast<TokenId>(std::ranges::find(source.tokens, symbol) - source.tokens.begin()));
  return ids;
}

TEST(BulkEncoder, gives_the_tokens_of_the_merges_alone) {
  for (const char* pre : {"gpt-2", "qwen2", "gpt-4o", "deepseek-v3", "smollm", "kimi-k2"}) {
    const TokenizerSource source = hard_source(pre);
    const auto tokenizer = compiled(hard_source(pre));
    const auto choice = choose_pre_tokenizer(pre);
    ASSERT_TRUE(tokenizer && choice);
    std::mt19937 random(5);
    for (int n = 0; n < 400; ++n) {
      std::string text = random_text(random, n % 40);
      for (const char* added : {"<|end|>", "<tool>"})
        for (size_t at; (at = text.find(added)) != std::string::npos;) text.erase(at, std::string_view(added).size());
      std::vector<uint32_t> ends;
      ASSERT_TRUE(choice->pre_tokenizer->split(text, ends));
      Ids expected;
      uint32_t begin = 0;
      for (const uint32_t end : ends) {
        const Ids piece = by_merging(source, std::string_view(text).substr(begin, end - begin));
        expected.insert(expected.end(), piece.begin(), piece.end());
        begin = end;
      }
      ASSERT_EQ(tokenizer->encode(text)->ids, expected) << pre << ": " << text;
      ASSERT_EQ(tokenizer->encode(text)->ids, expected) << "again " << pre << ": " << text;
    }
  }
}

TEST(BulkEncoder, pieces_of_any_length_merge_by_rank_whatever_the_order_of_the_merges) {
  std::mt19937 random(17);
  for (int n = 0; n < 60; ++n) {
    std::vector<std::string> tokens = {"a", "b", "c", "d"}, merges, known;
    for (int i = 0; i < 40; ++i) {
      const std::string left = tokens[random() % tokens.size()], right = tokens[random() % tokens.size()];
      if (left.size() + right.size() > 12 || std::ranges::find(known, left + right) != known.end()) continue;
      known.push_back(left + right);
      tokens.push_back(left + right);
      merges.push_back(left + " " + right);
    }
    if (n % 2) std::ranges::shuffle(merges, random);  // then some join what is made only later
    TokenizerSource source = byte_level_source(merges);
    const TokenizerSource copy = source;
    const auto tokenizer = compiled(std::move(source));
    for (const size_t size : {2, 3, 7, 15, 16, 47, 48, 49, 50, 100, 400}) {
      std::string piece;
      const uint32_t letters = 1 + random() % 4;
      while (piece.size() < size) piece += static_cast<char>('a' + random() % letters);
      ASSERT_EQ(tokenizer->encode(piece)->ids, by_merging(copy, piece)) << piece;
    }
  }
}

TEST(BulkEncoder, a_part_of_a_piece_is_no_entry_that_only_whole_pieces_may_be) {
  TokenizerSource source = hard_source("llama-bpe");  // ignores merges for whole pieces
  const auto unreached = static_cast<TokenId>(source.tokens.size());
  std::string spelling;
  for (const char byte : std::string_view("国文")) spelling += ByteLetters::letter(static_cast<uint8_t>(byte));
  source.tokens.push_back(spelling);
  source.kinds.push_back(TokenKind::Normal);
  const TokenizerSource copy = source;
  const auto tokenizer = compiled(std::move(source));
  EXPECT_EQ(tokenizer->encode("国文")->ids, Ids{unreached});
  for (const bool offsets : {false, true}) {
    EXPECT_EQ(tokenizer->encode("国文 国文", {.offsets = offsets})->ids[0], unreached);
    // There is a barrier after 学, but the piece is all five characters.
    EXPECT_EQ(tokenizer->encode("学国文学国", {.offsets = offsets})->ids, by_merging(copy, "学国文学国"));
    EXPECT_EQ(tokenizer->encode("国文", {.offsets = offsets})->ids, Ids{unreached});
  }
}

TEST(BulkEncoder, offsets_go_with_the_same_ids_and_cover_the_text) {
  const auto tokenizer = compiled(hard_source("qwen2"));
  std::mt19937 random(9);
  for (int n = 0; n < 200; ++n) {
    const std::string text = random_text(random, n);
    const auto ids = tokenizer->encode(text), both = tokenizer->encode(text, {.offsets = true});
    ASSERT_EQ(ids->ids, both->ids);
    uint32_t covered = 0;
    for (const Offset& offset : both->offsets) {
      ASSERT_LE(offset.begin, covered);
      covered = std::max(covered, offset.end);
    }
    ASSERT_EQ(covered, text.size());
  }
}

TEST(BulkEncoder, a_long_text_has_the_ids_of_its_parts_whatever_the_threads) {
  for (const char* pre : {"gpt-2", "qwen2", "gpt-4o", "deepseek-v3"}) {
    const auto tokenizer = compiled(hard_source(pre));
    std::mt19937 random(21);
    const std::string text = random_text(random, 300000);
    const auto whole = tokenizer->encode(text), with_offsets = tokenizer->encode(text, {.offsets = true});
    // A limit makes the encoder go through the text alone.
    const auto alone = tokenizer->encode(text, {.truncate_to = 1u << 30});
    ASSERT_EQ(whole->ids, alone->ids) << pre;
    ASSERT_EQ(with_offsets->ids, alone->ids) << pre;
  }
}

TEST(BulkEncoder, a_sentencepiece_text_is_encoded_alike_in_parts_and_with_few_or_many_units) {
  const auto tokenizer = compiled(sentencepiece_source({"\u2581", "a", "b", "t", "h", "e", "th", "\u2581th", "\u2581the", "中", "文", "中文", "ab", "\u2581\u2581", "."}));
  std::mt19937 random(4);
  std::string text;
  for (int i = 0; i < 400000; ++i) {
    static const char* const kParts[] = {"a", "b", "the", " the", " ", "  ", "中", "文", "中文", "\u2581", "学", "😀", ".", "ab", "th"};
    text += kParts[random() % std::size(kParts)];
  }
  const auto whole = tokenizer->encode(text);
  const auto alone = tokenizer->encode(text, {.offsets = true, .truncate_to = 1u << 30});
  ASSERT_EQ(whole->ids, alone->ids);
  uint32_t covered = 0;
  for (const Offset& offset : alone->offsets) {
    ASSERT_LE(offset.begin, covered);
    covered = std::max(covered, offset.end);
  }
  EXPECT_EQ(covered, text.size());
}

TEST(BulkEncoder, a_small_cache_forgets_and_the_ids_stay) {
  const uint64_t before = limit(Limit::CacheBytes);
  ASSERT_TRUE(set_limit(Limit::CacheBytes, 1));
  std::thread([] {
    const auto tokenizer = compiled(hard_source("gpt-2"));
    std::mt19937 random(2);
    for (int n = 0; n < 50; ++n) {
      const std::string text = random_text(random, 2000);
      const auto once = tokenizer->encode(text), again = tokenizer->encode(text, {.offsets = true});
      ASSERT_EQ(once->ids, again->ids);
    }
  }).join();
  ASSERT_TRUE(set_limit(Limit::CacheBytes, before));
}

TEST(BulkEncoder, one_limit_holds_for_the_caches_of_all_threads_and_they_end_with_their_thread) {
  const uint64_t limit_before = limit(Limit::CacheBytes), used_before = cache_bytes_in_use();
  constexpr size_t kThreads = 4, kEach = size_t{1} << 16;  // whatever else threads of this test have
  const auto learn = [](size_t number) {
    const auto tokenizer = compiled(hard_source("gpt-2"));
    std::mt19937 random(static_cast<unsigned>(number));
    for (int n = 0; n < 40; ++n) EXPECT_TRUE(tokenizer->encode(random_text(random, 20000)));
  };
  for (const size_t room : {size_t{8} << 20, size_t{1} << 20}) {
    ASSERT_TRUE(set_limit(Limit::CacheBytes, used_before + room));
    std::barrier all_done(kThreads + 1);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        learn(i);
        all_done.arrive_and_wait();
        all_done.arrive_and_wait();
      });
    }
    all_done.arrive_and_wait();
    EXPECT_GT(cache_bytes_in_use(), used_before);
    EXPECT_LE(cache_bytes_in_use(), used_before + room + kThreads * kEach);
    all_done.arrive_and_wait();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(cache_bytes_in_use(), used_before);
  }
  ASSERT_TRUE(set_limit(Limit::CacheBytes, limit_before));
}

TEST(BulkEncoder, threads_share_what_one_has_learnt) {
  const auto tokenizer = compiled(hard_source("qwen2"));
  std::mt19937 random(8);
  const std::string text = random_text(random, 20000);
  std::vector<Ids> results(4);
  std::vector<std::thread> threads;
  for (Ids& result : results) threads.emplace_back([&] { result = tokenizer->encode(text)->ids; });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) EXPECT_EQ(result, results[0]);
}

}  // namespace
}  // namespace headrace::text
