#include "engine/pages/prefix_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace headrace::engine {
namespace {

/// A bijection that spreads every input bit over the whole word.
uint64_t spread(uint64_t x) {
  x ^= x >> 32;
  x *= 0x9E3779B97F4A7C15u;
  x ^= x >> 29;
  x *= 0xD1B54A32D192ED03u;
  return x ^ (x >> 32);
}

}  // namespace

PrefixCache::PrefixCache(uint32_t pages, uint64_t identity)
    : identity_(spread(identity)), nodes_(pages), buckets_(std::bit_ceil(std::max(pages, 1u) * size_t{2}), kNone) {}

uint64_t PrefixCache::hash(uint32_t parent, PageTokens tokens) const {
  uint64_t h = parent == kNone ? identity_ : nodes_[parent].hash;
  for (uint32_t i = 0; i < kPageTokens; i += 2) h = spread(h ^ (uint64_t{tokens[i]} << 32 | tokens[i + 1]));
  return h;
}

std::optional<uint32_t> PrefixCache::find(uint32_t parent, PageTokens tokens) const {
  const uint64_t h = hash(parent, tokens);
  for (uint32_t page = buckets_[h & (buckets_.size() - 1)]; page != kNone; page = nodes_[page].bucket_next) {
    const Node& node = nodes_[page];
    if (node.hash == h && node.parent == parent && std::equal(tokens.begin(), tokens.end(), node.tokens.begin()))
      return page;
  }
  return std::nullopt;
}

void PrefixCache::insert(uint32_t page, uint32_t parent, PageTokens tokens) {
  Node& node = nodes_[page];
  node.hash = hash(parent, tokens);
  node.parent = parent;
  node.children = 0;
  node.known = true;
  std::copy(tokens.begin(), tokens.end(), node.tokens.begin());
  node.bucket_next = std::exchange(bucket(node.hash), page);
  if (parent != kNone) ++nodes_[parent].children;
}

void PrefixCache::hold(uint32_t page) {
  unlink(nodes_[page]);
  --evictable_;
}

void PrefixCache::let_go(uint32_t page) {
  Node& node = nodes_[page];
  node.older = newest_;
  node.newer = kNone;
  (newest_ == kNone ? oldest_ : nodes_[newest_].newer) = page;
  newest_ = page;
  ++evictable_;
}

std::optional<uint32_t> PrefixCache::evict() {
  if (oldest_ == kNone) return std::nullopt;
  // Whoever holds a page holds its parent too, and lets go of it later: the oldest
  // page has no children left.
  const uint32_t page = oldest_;
  unlink(nodes_[page]);
  --evictable_;
  forget(page);
  return page;
}

void PrefixCache::unlink(Node& node) {
  (node.older == kNone ? oldest_ : nodes_[node.older].newer) = node.newer;
  (node.newer == kNone ? newest_ : nodes_[node.newer].older) = node.older;
  node.older = node.newer = kNone;
}

void PrefixCache::forget(uint32_t page) {
  Node& node = nodes_[page];
  uint32_t* link = &bucket(node.hash);
  while (*link != page) link = &nodes_[*link].bucket_next;
  *link = node.bucket_next;
  if (node.parent != kNone) --nodes_[node.parent].children;
  node.known = false;
}

}  // namespace headrace::engine
