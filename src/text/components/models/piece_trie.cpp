#include "text/components/models/piece_trie.h"

#include <algorithm>
#include <numeric>

namespace headrace::text {
namespace {

/// Bases are multiples of the block size xor a byte, so that all children of a node lie
/// in one block.
constexpr uint32_t kBlock = 256;
/// How many free cells are tried for a node before a new block is begun. More fills the
/// array better and takes longer.
constexpr int kTries = 24;

}  // namespace

/// Places the nodes of sorted strings, a range of strings that share a beginning at a time.
struct PieceTrie::Builder {
  struct Range {
    size_t begin, end;  // of `order`
    size_t depth;
    Node node;
  };

  PieceTrie& trie;
  std::vector<std::pair<std::string_view, uint32_t>> order;  // sorted by string, then number
  std::vector<uint32_t> free_next, free_previous;            // a ring of free cells, through kRoot

  explicit Builder(PieceTrie& trie) : trie(trie) {}

  void grow() {
    const auto size = static_cast<uint32_t>(trie.cells_.size());
    trie.cells_.resize(size + kBlock);
    trie.values_.resize(size + kBlock, kNoValue);
    free_next.resize(size + kBlock);
    free_previous.resize(size + kBlock);
    for (uint32_t cell = size; cell < size + kBlock; ++cell) {
      if (cell == kRoot) {
        free_next[kRoot] = free_previous[kRoot] = kRoot;
        continue;
      }
      const uint32_t last = free_previous[kRoot];
      free_next[last] = free_previous[kRoot] = cell;
      free_previous[cell] = last;
      free_next[cell] = kRoot;
    }
  }

  bool is_free(uint32_t cell) const { return cell != kRoot && trie.cells_[cell].parent == kNoNode; }

  void take(uint32_t cell, Node parent) {
    trie.cells_[cell].parent = parent;
    free_next[free_previous[cell]] = free_next[cell];
    free_previous[free_next[cell]] = free_previous[cell];
  }

  uint32_t base_for(const std::vector<uint8_t>& labels) {
    int tries = 0;
    // The newest cells first: the old ones are what earlier nodes did not fit into.
    for (uint32_t cell = free_previous[kRoot]; cell != kRoot && tries < kTries; cell = free_previous[cell], ++tries) {
      const uint32_t base = cell ^ labels[0];
      if (std::all_of(labels.begin(), labels.end(), [&](uint8_t label) { return is_free(base ^ label); })) return base;
    }
    const auto base = static_cast<uint32_t>(trie.cells_.size());
    grow();
    return base;
  }

  void build(const std::function<bool()>& goes_on) {
    constexpr size_t kNodesBetween = 1024;
    size_t nodes = 0;
    std::vector<Range> pending{{0, order.size(), 0, kRoot}};
    std::vector<uint8_t> labels;
    std::vector<size_t> begins;
    while (!pending.empty()) {
      if (goes_on && ++nodes % kNodesBetween == 0 && !goes_on()) return;
      Range range = pending.back();
      pending.pop_back();
      // Strings that end here come first; the last of equal ones counts.
      while (range.begin < range.end && order[range.begin].first.size() == range.depth) {
        if (range.depth > 0) trie.values_[range.node] = order[range.begin].second, trie.cells_[range.node].weight = 0;
        ++range.begin;
      }
      if (range.begin == range.end) continue;
      labels.clear();
      begins.clear();
      for (size_t i = range.begin; i < range.end; ++i) {
        const auto byte = static_cast<uint8_t>(order[i].first[range.depth]);
        if (!labels.empty() && labels.back() == byte) continue;
        labels.push_back(byte);
        begins.push_back(i);
      }
      begins.push_back(range.end);
      const uint32_t base = base_for(labels);
      trie.cells_[range.node].base = base;
      for (size_t i = 0; i < labels.size(); ++i) {
        take(base ^ labels[i], range.node);
        pending.push_back({begins[i], begins[i + 1], range.depth + 1, base ^ labels[i]});
      }
    }
  }
};

PieceTrie::PieceTrie(size_t count, const std::function<std::string_view(size_t)>& piece, const std::function<bool()>& goes_on) {
  Builder builder(*this);
  builder.order.reserve(count);
  for (size_t n = 0; n < count; ++n) builder.order.emplace_back(piece(n), static_cast<uint32_t>(n));
  std::sort(builder.order.begin(), builder.order.end());
  builder.grow();
  builder.build(goes_on);
  after_three_.resize(0x10000, kNoNode);
  pairs_.resize((size_t{1} << kPairBits) / 64);
  for (const auto& [string, number] : builder.order) note_beginnings(string);
}

void PieceTrie::note_beginnings(std::string_view piece) {
  if (piece.size() < 3 || !is_three(piece, 0)) return;
  const char32_t first = three(piece, 0);
  if (after_three_[first] == kNoNode) after_three_[first] = walk(kRoot, piece.substr(0, 3));
  if (piece.size() < 6 || !is_three(piece, 3)) return;
  const uint32_t pair = pair_at(first, three(piece, 3));
  pairs_[pair / 64] |= uint64_t{1} << (pair % 64);
}

void PieceTrie::set_weights(std::span<const double> weights) {
  for (size_t node = 0; node < cells_.size(); ++node) {
    if (values_[node] < weights.size()) cells_[node].weight = weights[values_[node]];
  }
}

}  // namespace headrace::text
