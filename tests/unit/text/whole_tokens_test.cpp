#include "text/bpe/whole_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace headrace::text {
namespace {

/// Random merges over a few symbols: pairs of what is there already give new tokens and, unless each token is to be made
/// once and after its parts, old ones again in any order.
struct RandomMerges {
  uint32_t n_symbols = 0;
  uint32_t n_ids = 0;
  std::vector<MergeIds> merges;
  std::vector<std::vector<TokenId>> spelled;  // by id: its first symbols

  RandomMerges(uint32_t seed, bool once) {
    std::mt19937 random(seed);
    n_symbols = 2 + random() % 3;
    for (TokenId id = 0; id < n_symbols; ++id) spelled.push_back({id});
    const uint32_t wanted = 5 + random() % 60;
    for (uint32_t i = 0; i < wanted; ++i) {
      const auto left = static_cast<TokenId>(random() % spelled.size()), right = static_cast<TokenId>(random() % spelled.size());
      std::vector<TokenId> joined = spelled[left];
      joined.insert(joined.end(), spelled[right].begin(), spelled[right].end());
      if (joined.size() > 12) continue;
      const auto known = std::find(spelled.begin(), spelled.end(), joined);
      if (once && known != spelled.end()) continue;
      merges.push_back({left, right, static_cast<TokenId>(known - spelled.begin())});
      if (known == spelled.end()) spelled.push_back(joined);
    }
    if (!once) std::shuffle(merges.begin(), merges.end(), random);
    n_ids = static_cast<uint32_t>(spelled.size());
  }
};

/// How many tokens were found, of those that merging gives alone.
std::pair<size_t, size_t> compare(const RandomMerges& random) {
  PairMerger merger;
  merger.add_all(random.merges);
  std::vector<uint8_t> firsts(random.n_ids);
  std::fill_n(firsts.begin(), random.n_symbols, 1);
  const std::vector<uint8_t> found = find_whole_tokens(merger, random.merges, firsts);
  size_t n_found = 0, n_whole = 0;
  for (TokenId id = 0; id < random.n_ids; ++id) {
    std::vector<Symbol> symbols;
    for (uint32_t i = 0; i < random.spelled[id].size(); ++i) symbols.push_back({random.spelled[id][i], i, i + 1});
    merger.merge(symbols);
    const bool whole = symbols.size() == 1 && symbols[0].id == id;
    EXPECT_TRUE(whole || !found[id]) << "token " << id << " is not what its symbols merge to";
    n_found += found[id];
    n_whole += whole;
  }
  return {n_found, n_whole};
}

TEST(WholeTokens, AreExactlyThoseThatMergingGivesWhereEachIsMadeOnceAndAfterItsParts) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    const auto [found, whole] = compare(RandomMerges(seed, true));
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    ASSERT_EQ(found, whole) << "seed " << seed;
  }
}

TEST(WholeTokens, AreNeverWrongWhereMergesAreRepeatedAndComeBeforeTheirParts) {
  size_t found = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    found += compare(RandomMerges(seed, false)).first;
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(found, 10'000u);
}

}  // namespace
}  // namespace headrace::text
