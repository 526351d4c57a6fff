#include "engine/pages/prefix_cache.h"

#include <gtest/gtest.h>

#include "engine/pages/page_pool.h"

namespace headrace::engine {
namespace {

using Tokens = std::array<text::TokenId, kPageTokens>;

Tokens page_of(uint32_t salt) {
  Tokens tokens;
  for (uint32_t i = 0; i < kPageTokens; ++i) tokens[i] = salt * 100 + i;
  return tokens;
}

constexpr uint32_t kNone = PrefixCache::kNone;

TEST(PrefixCache, finds_a_page_by_its_tokens_and_its_parent) {
  PrefixCache cache(8, 1);
  cache.insert(3, kNone, page_of(1));
  cache.insert(5, 3, page_of(2));
  EXPECT_EQ(cache.find(kNone, page_of(1)), 3u);
  EXPECT_EQ(cache.find(3, page_of(2)), 5u);
  EXPECT_EQ(cache.find(kNone, page_of(2)), std::nullopt);
  EXPECT_EQ(cache.find(5, page_of(2)), std::nullopt);
}

TEST(PrefixCache, one_different_token_is_no_hit) {
  PrefixCache cache(8, 1);
  cache.insert(0, kNone, page_of(1));
  for (uint32_t i = 0; i < kPageTokens; ++i) {
    Tokens other = page_of(1);
    ++other[i];
    EXPECT_EQ(cache.find(kNone, other), std::nullopt) << i;
  }
}

TEST(PrefixCache, tells_the_same_tokens_after_different_parents_apart) {
  PrefixCache cache(8, 1);
  cache.insert(0, kNone, page_of(1));
  cache.insert(1, kNone, page_of(2));
  cache.insert(2, 0, page_of(9));
  cache.insert(3, 1, page_of(9));
  EXPECT_EQ(cache.find(0, page_of(9)), 2u);
  EXPECT_EQ(cache.find(1, page_of(9)), 3u);
}

TEST(PagePool, gives_every_page_once_and_then_nothing) {
  PrefixCache cache(4, 1);
  PagePool pool(4, cache);
  std::vector<uint32_t> pages;
  while (const auto page = pool.take()) pages.push_back(*page);
  EXPECT_EQ(pages, (std::vector<uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(pool.available(), 0u);
  pool.release_all(pages);
  EXPECT_EQ(pool.available(), 4u);
  EXPECT_EQ(pool.free(), 4u);
}

TEST(PagePool, keeps_a_page_while_somebody_holds_it) {
  PrefixCache cache(2, 1);
  PagePool pool(2, cache);
  const uint32_t page = *pool.take();
  pool.retain(page);
  pool.release(page);
  EXPECT_EQ(pool.used(), 1u);
  pool.release(page);
  EXPECT_EQ(pool.used(), 0u);
}

TEST(PagePool, evicts_the_page_that_was_let_go_longest_ago) {
  PrefixCache cache(3, 1);
  PagePool pool(3, cache);
  for (uint32_t salt = 0; salt < 3; ++salt) cache.insert(*pool.take(), kNone, page_of(salt));
  for (const uint32_t page : {1, 0, 2}) pool.release(page);
  EXPECT_EQ(cache.evictable(), 3u);
  EXPECT_EQ(pool.take(), 1u);
  EXPECT_EQ(cache.find(kNone, page_of(1)), std::nullopt);
  EXPECT_EQ(cache.find(kNone, page_of(0)), 0u);
  EXPECT_EQ(pool.take(), 0u);
  EXPECT_EQ(pool.take(), 2u);
  EXPECT_EQ(pool.take(), std::nullopt);
}

TEST(PagePool, evicts_children_before_their_parents) {
  PrefixCache cache(3, 1);
  PagePool pool(3, cache);
  std::vector<uint32_t> chain{*pool.take(), *pool.take(), *pool.take()};
  cache.insert(0, kNone, page_of(0));
  cache.insert(1, 0, page_of(1));
  cache.insert(2, 1, page_of(2));
  pool.release_all(chain);
  for (const uint32_t expected : {2u, 1u, 0u}) {
    const auto page = pool.take();
    EXPECT_EQ(page, expected);
    EXPECT_EQ(cache.children(*page), 0u);
  }
}

TEST(PagePool, a_hit_takes_a_page_out_of_danger) {
  PrefixCache cache(2, 1);
  PagePool pool(2, cache);
  for (uint32_t salt = 0; salt < 2; ++salt) cache.insert(*pool.take(), kNone, page_of(salt));
  pool.release(0);
  pool.release(1);
  pool.retain(0);
  EXPECT_EQ(pool.take(), 1u);
  EXPECT_EQ(pool.take(), std::nullopt);
  EXPECT_EQ(pool.used(), 2u);
}

}  // namespace
}  // namespace headrace::engine
