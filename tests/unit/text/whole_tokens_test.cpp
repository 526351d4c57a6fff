#include "text/bpe/whole_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

namespace headrace::text {
namespace {

/// Letters, and merges of what is there before; in `shuffled` ones the ranks say nothing of who was there first.
struct RandomMerges {
  static constexpr uint32_t kLetters = 3;
  std::vector<std::string> spellings;  // by id
  std::vector<MergeIds> merges;        // by rank
  PairMerger merger;

  RandomMerges(uint32_t seed, bool shuffled) {
    std::mt19937 random(seed);
    std::map<std::string, TokenId> ids;
    for (uint32_t i = 0; i < kLetters; ++i) {
      spellings.emplace_back(1, static_cast<char>('a' + i));
      ids[spellings.back()] = i;
    }
    std::map<std::pair<TokenId, TokenId>, bool> seen;
    for (int i = 0; i < 40; ++i) {
      const auto left = static_cast<TokenId>(random() % spellings.size()), right = static_cast<TokenId>(random() % spellings.size());
      const std::string joined = spellings[left] + spellings[right];
      if (joined.size() > 12 || (seen.contains({left, right}) && random() % 4)) continue;
      seen[{left, right}] = true;
      const auto [found, is_new] = ids.try_emplace(joined, static_cast<TokenId>(spellings.size()));
      if (is_new) spellings.push_back(joined);
      merges.push_back({left, right, found->second});
    }
    if (shuffled) std::shuffle(merges.begin(), merges.end(), random);
    merger.reserve(merges.size());
    merger.add_all(merges);
  }

  /// The tokens of a text by the rule alone: the pair of the lowest rank, the first of these, again and again.
  std::vector<TokenId> encode(const std::string& text) const {
    std::vector<TokenId> symbols;
    for (const char c : text) symbols.push_back(static_cast<TokenId>(c - 'a'));
    for (;;) {
      size_t best = 0;
      Merge<uint32_t> best_merge{};
      for (size_t i = 0; i + 1 < symbols.size(); ++i) {
        const Merge<uint32_t> merge = merger.find(symbols[i], symbols[i + 1]);
        if (merge.possible() && (!best_merge.possible() || merge.rank < best_merge.rank)) best = i, best_merge = merge;
      }
      if (!best_merge.possible()) return symbols;
      symbols[best] = best_merge.id;
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
  }
};

TEST(WholeTokens, are_what_their_own_text_is_encoded_as) {
  size_t found = 0, there = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    const bool shuffled = seed % 3 == 2;
    const RandomMerges random(seed, shuffled);
    std::vector<uint8_t> firsts(random.spellings.size());
    std::fill_n(firsts.begin(), RandomMerges::kLetters, uint8_t{1});
    const std::vector<uint8_t> whole = find_whole_tokens(random.merger, random.merges, firsts);
    ASSERT_EQ(whole.size(), firsts.size());
    for (TokenId id = 0; id < whole.size(); ++id) {
      const bool is_whole = random.encode(random.spellings[id]) == std::vector<TokenId>{id};
      EXPECT_LE(whole[id], is_whole) << "seed " << seed << ", " << random.spellings[id];
      if (!shuffled) there += is_whole, found += whole[id];
    }
  }
  EXPECT_GT(found * 100, there * 90) << found << " of " << there;
}

}  // namespace
}  // namespace headrace::text
