#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "text/tokenizer.h"

namespace headrace::engine {

/// Tokens of a page of keys and values.
constexpr uint32_t kPageTokens = 16;

/// Finds full pages again by what they hold: each is known by a hash of its parent's
/// hash and its own 16 tokens, so a page stands for everything before it. A hit is
/// verified (same tokens, same parent page): a collision of hashes is never a hit.
/// Pages that nobody holds stay until they are evicted, the longest unused first. Keeps
/// no page alive by itself: PagePool says when pages are held and let go.
///
/// All memory is taken at construction. Used by the engine's thread only.
class PrefixCache {
 public:
  /// No page: the parent of a sequence's first page.
  static constexpr uint32_t kNone = UINT32_MAX;
  using PageTokens = std::span<const text::TokenId, kPageTokens>;

  /// `identity` stands for the model and the adapter that the pages are computed with.
  PrefixCache(uint32_t pages, uint64_t identity);

  /// The page that holds `tokens` after `parent`, if it is known.
  std::optional<uint32_t> find(uint32_t parent, PageTokens tokens) const;
  /// Makes a page known. It and its parent are held; `find` gave nothing for it.
  void insert(uint32_t page, uint32_t parent, PageTokens tokens);
  bool contains(uint32_t page) const { return nodes_[page].known; }

  /// A known page has its first holder again, or has lost its last one.
  void hold(uint32_t page);
  void let_go(uint32_t page);
  /// Forgets the page that was let go longest ago and returns it.
  std::optional<uint32_t> evict();

  /// Known pages that nobody holds.
  uint32_t evictable() const { return evictable_; }
  /// Known pages that have `page` as their parent; for checks.
  uint32_t children(uint32_t page) const { return nodes_[page].children; }

 private:
  struct Node {
    uint64_t hash = 0;
    uint32_t parent = kNone;
    uint32_t children = 0;
    uint32_t bucket_next = kNone;              // others of the same bucket
    uint32_t older = kNone, newer = kNone;     // the list of pages that nobody holds
    bool known = false;
    std::array<text::TokenId, kPageTokens> tokens{};
  };

  uint64_t hash(uint32_t parent, PageTokens tokens) const;
  uint32_t& bucket(uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }
  void unlink(Node& node);
  void forget(uint32_t page);

  uint64_t identity_;
  std::vector<Node> nodes_;         // by page
  std::vector<uint32_t> buckets_;   // first page of each chain of equal low hash bits
  uint32_t oldest_ = kNone, newest_ = kNone;
  uint32_t evictable_ = 0;
};

}  // namespace headrace::engine
