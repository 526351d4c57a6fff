#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace headrace::text {

/// A part of a piece that is already one token: bytes [begin, end) of the piece.
struct Symbol {
  TokenId id = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// A piece of few bytes and what it is merged to.
struct ShortPiece {
  static constexpr size_t kMost = 48;  ///< symbols
  std::string_view bytes;
  uint32_t count = 0;
  TokenId ids[kMost];
};

/// A merge of a list: the ids of its parts and of what they join to.
struct MergeIds {
  TokenId left = 0;
  TokenId right = 0;
  TokenId result = 0;
};

/// What joining two neighbours would give. The lowest rank joins first, then the
/// lowest id, then the leftmost.
template <class Rank>
struct Merge {
  static constexpr Rank kNever = ~Rank{0};
  Rank rank = kNever;
  TokenId id = 0;

  bool possible() const { return rank != kNever; }
  bool operator==(const Merge&) const = default;
  bool before(const Merge& other) const { return rank != other.rank ? rank < other.rank : id < other.id; }
};

/// Memory that merging uses again and again.
template <class Rank>
struct MergeScratch {
  struct Link {
    uint32_t previous;
    uint32_t next;
  };
  struct Entry {
    Merge<Rank> merge;
    uint32_t at;
  };
  std::vector<Symbol> symbols;
  std::vector<Merge<Rank>> merges;  // merges[i]: of symbols i and its right neighbour
  std::vector<Link> links;
  std::vector<Entry> heap;
};

namespace detail {

/// PERF: pieces are words of a few bytes: everything stays in the first cache
/// level, and a scan for the minimum beats any queue.
template <class Rank, class MergeOf>
void merge_few(MergeScratch<Rank>& scratch, const MergeOf& merge_of) {
  auto& symbols = scratch.symbols;
  auto& merges = scratch.merges;
  size_t count = symbols.size();
  for (;;) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (merges[i].before(merges[best])) best = i;
    }
    if (count < 2 || !merges[best].possible()) break;
    symbols[best] = {merges[best].id, symbols[best].begin, symbols[best + 1].end};
    std::copy(symbols.begin() + best + 2, symbols.begin() + count, symbols.begin() + best + 1);
    std::copy(merges.begin() + best + 1, merges.begin() + (count - 1), merges.begin() + best);
    --count;
    if (best > 0) merges[best - 1] = merge_of(symbols[best - 1], symbols[best]);
    if (best + 1 < count) merges[best] = merge_of(symbols[best], symbols[best + 1]);
  }
  symbols.resize(count);
}

/// n log n for a piece of any length: a queue of possible merges over a linked
/// list. An entry is stale when its symbol no longer has that merge.
template <class Rank, class MergeOf>
void merge_many(MergeScratch<Rank>& scratch, const MergeOf& merge_of) {
  constexpr uint32_t kEnd = ~uint32_t{0};
  using Entry = typename MergeScratch<Rank>::Entry;
  auto& symbols = scratch.symbols;
  auto& merges = scratch.merges;
  auto& links = scratch.links;
  auto& heap = scratch.heap;
  const auto count = static_cast<uint32_t>(symbols.size());
  const auto later = [](const Entry& a, const Entry& b) {
    return a.merge == b.merge ? a.at > b.at : b.merge.before(a.merge);
  };
  links.resize(count);
  heap.clear();
  for (uint32_t i = 0; i < count; ++i) {
    links[i] = {i == 0 ? kEnd : i - 1, i + 1 == count ? kEnd : i + 1};
    if (i + 1 < count && merges[i].possible()) heap.push_back({merges[i], i});
  }
  std::make_heap(heap.begin(), heap.end(), later);
  const auto refresh = [&](uint32_t at) {
    const uint32_t right = links[at].next;
    merges[at] = right == kEnd ? Merge<Rank>{} : merge_of(symbols[at], symbols[right]);
    if (!merges[at].possible()) return;
    heap.push_back({merges[at], at});
    std::push_heap(heap.begin(), heap.end(), later);
  };
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const Entry top = heap.back();
    heap.pop_back();
    if (merges[top.at] != top.merge) continue;
    const uint32_t right = links[top.at].next;
    symbols[top.at] = {top.merge.id, symbols[top.at].begin, symbols[right].end};
    merges[right] = {};
    links[top.at].next = links[right].next;
    if (links[right].next != kEnd) links[links[right].next].previous = top.at;
    links[right].previous = links[right].next = kEnd;
    refresh(top.at);
    if (links[top.at].previous != kEnd) refresh(links[top.at].previous);
  }
  uint32_t kept = 0;
  for (uint32_t at = 0; at != kEnd;) {
    const uint32_t next = links[at].next;
    symbols[kept++] = symbols[at];
    at = next;
  }
  symbols.resize(kept);
}

}  // namespace detail

/// Joins neighbours of `scratch.symbols` until none can be joined.
/// `merge_of(left, right)` gives the Merge of two neighbours.
template <class Rank, class MergeOf>
void merge_symbols(MergeScratch<Rank>& scratch, const MergeOf& merge_of) {
  constexpr size_t kFew = 48;
  const size_t count = scratch.symbols.size();
  if (count < 2) return;
  scratch.merges.resize(count);
  for (size_t i = 0; i + 1 < count; ++i) scratch.merges[i] = merge_of(scratch.symbols[i], scratch.symbols[i + 1]);
  scratch.merges[count - 1] = {};
  if (count <= kFew) {
    detail::merge_few(scratch, merge_of);
  } else {
    detail::merge_many(scratch, merge_of);
  }
}

}  // namespace headrace::text
