#include "text/bpe/pair_merger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <span>

#include "text/bpe/merge_kernels.h"

namespace headrace::text {
namespace {

uint32_t below(std::mt19937& random, uint32_t limit) { return static_cast<uint32_t>(random() % limit); }

/// Merges of `ids` tokens at random, in no order that makes sense: many rank before what makes their parts.
PairMerger random_merger(std::mt19937& random, uint32_t ids, uint32_t count, uint32_t first_rank) {
  PairMerger merger;
  merger.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t left = below(random, ids), right = below(random, ids);
    merger.add(left, right, {first_rank + i, below(random, ids)});
  }
  return merger;
}

/// Merges pieces together and one by one, and compares.
void compare(const PairMerger& merger, std::mt19937& random, uint32_t ids) {
  std::vector<ShortPiece> pieces(1 + below(random, 60));
  for (ShortPiece& piece : pieces) {
    piece.count = below(random, static_cast<uint32_t>(ShortPiece::kMost) + 1);
    for (uint32_t i = 0; i < piece.count; ++i) piece.ids[i] = below(random, ids);
  }
  std::vector<ShortPiece> together = pieces;
  merger.merge_each(together);
  for (const MergeKernels* kernels : all_merge_kernels()) {
    if (merger.greatest_rank() >> 24) break;
    std::vector<ShortPiece> each = pieces;
    kernels->merge_each(merger.table().view(), each.data(), each.size());
    for (size_t i = 0; i < pieces.size(); ++i) {
      EXPECT_TRUE(std::ranges::equal(std::span(each[i].ids, each[i].count), std::span(together[i].ids, together[i].count)))
          << kernels->name;
    }
  }
  for (size_t p = 0; p < pieces.size(); ++p) {
    std::vector<Symbol> symbols;
    for (uint32_t i = 0; i < pieces[p].count; ++i) symbols.push_back({pieces[p].ids[i], i, i + 1});
    merger.merge(symbols);
    ASSERT_EQ(together[p].count, symbols.size());
    for (uint32_t i = 0; i < symbols.size(); ++i) EXPECT_EQ(together[p].ids[i], symbols[i].id);
  }
}

TEST(PairMerger, GivesPiecesThatAreMergedTogetherTheTokensOfEachAlone) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const uint32_t ids = round % 2 ? 12 : 400;  // of bytes' ids alone, and of others
    const PairMerger merger = random_merger(random, ids, round % 2 ? 60 : 20000, 0);
    compare(merger, random, ids);
  }
}

TEST(PairMerger, GivesThemForRanksThatAreTooGreatToMergeTogether) {
  std::mt19937 random(8);
  const PairMerger merger = random_merger(random, 12, 60, 1u << 24);
  for (int round = 0; round < 20; ++round) compare(merger, random, 12);
}

TEST(PairMerger, FindsEveryPairOfACrowdedTableAndNoOther) {
  std::mt19937 random(9);
  PairMerger merger;
  merger.reserve(1000);
  for (uint32_t i = 0; i < 1000; ++i) merger.add(i, 2 * i, {i, i + 1});
  for (uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(merger.find(i, 2 * i), (Merge<uint32_t>{i, i + 1}));
    EXPECT_FALSE(merger.find(i, 2 * i + 1).possible());
  }
}

/// The lowest rank, of these the leftmost, until nothing joins.
std::vector<TokenId> merged_one_by_one(const PairMerger& merger, std::vector<TokenId> ids) {
  for (;;) {
    size_t best = ids.size();
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const Merge<uint32_t> merge = merger.find(ids[i], ids[i + 1]);
      if (merge.possible() && (best == ids.size() || merge.rank < merger.find(ids[best], ids[best + 1]).rank)) best = i;
    }
    if (best == ids.size()) return ids;
    ids[best] = merger.find(ids[best], ids[best + 1]).id;
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(best) + 1);
  }
}

TEST(PairMerger, MergesLongPiecesRankAfterRankAndEachFromLeftToRight) {
  std::mt19937 random(10);
  for (int round = 0; round < 300; ++round) {
    const uint32_t ids = 2 + below(random, 12);
    const PairMerger merger = random_merger(random, ids, 1 + below(random, 60), 0);
    std::vector<TokenId> before(49 + below(random, 200));
    for (TokenId& id : before) id = below(random, round % 3 ? ids : 2);
    std::vector<Symbol> symbols;
    for (uint32_t i = 0; i < before.size(); ++i) symbols.push_back({before[i], i, i + 1});
    merger.merge(symbols);
    std::vector<TokenId> after;
    for (const Symbol& symbol : symbols) after.push_back(symbol.id);
    ASSERT_EQ(after, merged_one_by_one(merger, before));
  }
}

// Like the runs of spaces of some vocabularies. If what waits were moved each time this would take minutes.
TEST(PairMerger, MergesARunWhoseLongerTokensRankBeforeShorterOnes) {
  PairMerger merger;
  merger.reserve(5);
  for (uint32_t id = 0; id < 5; ++id) merger.add(id, id, {5 - id, id + 1});
  constexpr uint32_t kCount = 1 << 20;
  std::vector<Symbol> symbols;
  for (uint32_t i = 0; i < kCount; ++i) symbols.push_back({0, i, i + 1});
  merger.merge(symbols);
  ASSERT_EQ(symbols.size(), kCount / 32);
  for (const Symbol& symbol : symbols) EXPECT_EQ(symbol.id, 5u);
}

}  // namespace
}  // namespace headrace::text
