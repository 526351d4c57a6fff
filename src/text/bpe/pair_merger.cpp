#include "text/bpe/pair_merger.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <queue>
#include <unordered_map>
#include <utility>

#include "text/bpe/merge_kernels.h"

namespace headrace::text {

void PairMerger::add_all(std::span<const MergeIds> merges) {
  constexpr size_t kAhead = 16;
  reserve(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    if (rank + kAhead < merges.size()) {
      const MergeIds& later = merges[rank + kAhead];
      table_.prefetch(PairTable::hash_of(PairTable::key_of(later.left, later.right)));
    }
    add(merges[rank].left, merges[rank].right, {static_cast<uint32_t>(rank), merges[rank].result});
  }
}

void PairMerger::merge(std::vector<Symbol>& symbols) const {
  if (symbols.size() <= kFew) return merge_few(symbols);
  merge_many(symbols);
}

/// The merges of a piece of few symbols, in place.
///
/// PERF: the symbols stay in their slots and are linked, so that nothing is moved; a joined one's slot
/// keeps a rank that never wins. Rank and joined token are one number to compare. What it costs
/// is the look-ups of pairs, most of which the table's filter answers.
void PairMerger::merge_few(std::vector<Symbol>& symbols) const {
  constexpr uint64_t kNever = ~uint64_t{0};
  const auto count = static_cast<uint32_t>(symbols.size());
  if (count < 2) return;
  uint64_t joins[kFew];  // of a symbol and the one after it
  uint8_t next[kFew], previous[kFew];
  const auto join_of = [&](uint32_t left, uint32_t right) {
    const Merge<uint32_t> merge = table_.find(symbols[left].id, symbols[right].id);
    return merge.possible() ? uint64_t{merge.rank} << 32 | merge.id : kNever;
  };
  for (uint32_t i = 0; i < count; ++i) {
    joins[i] = i + 1 < count ? join_of(i, i + 1) : kNever;
    next[i] = static_cast<uint8_t>(i + 1);
    previous[i] = static_cast<uint8_t>(i - 1);
  }
  for (;;) {
    uint64_t best = joins[0];
    uint32_t at = 0;
    for (uint32_t i = 1; i < count; ++i) {
      const bool better = joins[i] < best;
      best = better ? joins[i] : best;
      at = better ? i : at;
    }
    if (best == kNever) break;
    const uint32_t right = next[at], after = next[right];
    symbols[at] = {static_cast<TokenId>(best), symbols[at].begin, symbols[right].end};
    joins[right] = kNever;
    next[at] = static_cast<uint8_t>(after);
    joins[at] = kNever;
    if (after < count) {
      previous[after] = static_cast<uint8_t>(at);
      joins[at] = join_of(at, after);
    }
    if (at > 0) joins[previous[at]] = join_of(previous[at], at);
  }
  uint32_t kept = 0;
  for (uint32_t at = 0; at < count; at = next[at]) symbols[kept++] = symbols[at];
  symbols.resize(kept);
}

void PairMerger::merge_one_by_one(std::span<ShortPiece> pieces) const {
  std::vector<Symbol> symbols;
  for (ShortPiece& piece : pieces) {
    symbols.assign(piece.count, {});
    for (uint32_t i = 0; i < piece.count; ++i) symbols[i].id = piece.ids[i];
    merge(symbols);
    piece.count = static_cast<uint32_t>(symbols.size());
    for (uint32_t i = 0; i < piece.count; ++i) piece.ids[i] = symbols[i].id;
  }
}

void PairMerger::merge_each(std::span<ShortPiece> pieces) const {
  if (greatest_rank_ >> 24) return merge_one_by_one(pieces);
  merge_kernels().merge_each(table_.view(), pieces.data(), pieces.size());
}

namespace {

/// The left symbols of merges of one rank, given out from left to right.
class Places {
 public:
  bool waiting = false;  ///< whether the rank is in the queue

  void add(uint32_t at) {
    if (done_ == sorted_.size()) sorted_.clear(), done_ = 0;
    if (sorted_.empty() || sorted_.back() < at) {
      sorted_.push_back(at);
    } else {
      late_.push(at);
    }
  }
  bool empty() const { return done_ == sorted_.size() && late_.empty(); }
  uint32_t take() {
    if (late_.empty() || (done_ < sorted_.size() && sorted_[done_] <= late_.top())) return sorted_[done_++];
    const uint32_t at = late_.top();
    late_.pop();
    return at;
  }

 private:
  std::vector<uint32_t> sorted_;
  size_t done_ = 0;  // of sorted_
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> late_;  // those that came out of order
};

}  // namespace

/// The merges of a piece of any length: rank after rank, each from left to right.
///
/// PERF: what is this long is mostly one character or a few again and again, so that a handful
/// of ranks hold all merges, which come in order, and nothing is sorted one by one. A vocabulary may join later what
/// ranks before (runs of spaces): then that comes first, and the rest waits where it is.
void PairMerger::merge_many(std::vector<Symbol>& symbols) const {
  constexpr uint32_t kEnd = ~uint32_t{0};
  struct Link {
    uint32_t previous, next;
    Merge<uint32_t> merge;
  };
  const auto count = static_cast<uint32_t>(symbols.size());
  std::vector<Link> links(count);
  std::unordered_map<uint32_t, Places> places;  // by rank
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ranks;
  const auto look = [&](uint32_t at) {
    const uint32_t right = links[at].next;
    links[at].merge = right == kEnd ? Merge<uint32_t>{} : table_.find(symbols[at].id, symbols[right].id);
    if (!links[at].merge.possible()) return;
    Places& of = places[links[at].merge.rank];
    of.add(at);
    if (!std::exchange(of.waiting, true)) ranks.push(links[at].merge.rank);
  };
  for (uint32_t i = 0; i < count; ++i) links[i] = {i == 0 ? kEnd : i - 1, i + 1 == count ? kEnd : i + 1, {}};
  for (uint32_t i = 0; i < count; ++i) look(i);
  while (!ranks.empty()) {
    const uint32_t rank = ranks.top();
    Places& of = places[rank];
    while (!of.empty() && ranks.top() == rank) {
      const uint32_t at = of.take();
      if (links[at].merge.rank != rank) continue;  // one of the two is joined already
      const uint32_t right = links[at].next;
      symbols[at] = {links[at].merge.id, symbols[at].begin, symbols[right].end};
      links[right].merge = {};
      links[at].next = links[right].next;
      if (links[right].next != kEnd) links[links[right].next].previous = at;
      look(at);
      if (links[at].previous != kEnd) look(links[at].previous);
    }
    if (!of.empty() || ranks.top() != rank) continue;
    ranks.pop();
    of.waiting = false;
  }
  uint32_t kept = 0;
  for (uint32_t at = 0; at != kEnd;) {
    const uint32_t next = links[at].next;
    symbols[kept++] = symbols[at];
    at = next;
  }
  symbols.resize(kept);
}

}  // namespace headrace::text
