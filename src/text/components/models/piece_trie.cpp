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
  std::vector<Cell> cells;
  std::vector<std::pair<std::string_view, uint32_t>> order;  // sorted by string, then number
  std::vector<uint32_t> free_next, free_previous;            // a ring of free cells, through kRoot

  explicit Builder(PieceTrie& trie) : trie(trie) {}

  void grow() {
    const auto size = static_cast<uint32_t>(cells.size());
    cells.resize(size + kBlock);
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

  bool is_free(uint32_t cell) const { return cell != kRoot && cells[cell].parent == kNoNode; }

  void take(uint32_t cell, Node parent) {
    cells[cell].parent = parent;
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
    const auto base = static_cast<uint32_t>(cells.size());
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
        if (range.depth > 0) trie.values_[range.node] = order[range.begin].second, cells[range.node].weight = 0;
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
      cells[range.node].base = base;
      for (size_t i = 0; i < labels.size(); ++i) {
        take(base ^ labels[i], range.node);
        pending.push_back({begins[i], begins[i + 1], range.depth + 1, base ^ labels[i]});
      }
    }
  }
};

namespace {

/// Strings and their numbers, in order. PERF: by their first eight bytes as a number, which tells most apart.
std::vector<std::pair<std::string_view, uint32_t>> sorted(size_t count, const std::function<std::string_view(size_t)>& piece) {
  struct Keyed {
    uint64_t key;
    std::string_view string;
    uint32_t number;
    bool operator<(const Keyed& other) const {
      if (key != other.key) return key < other.key;
      const int order = string.compare(other.string);
      return order != 0 ? order < 0 : number < other.number;
    }
  };
  std::vector<Keyed> keyed;
  keyed.reserve(count);
  for (size_t n = 0; n < count; ++n) {
    const std::string_view string = piece(n);
    uint64_t key = 0;
    for (size_t i = 0; i < 8; ++i) key = key << 8 | (i < string.size() ? static_cast<uint8_t>(string[i]) : 0);
    keyed.push_back({key, string, static_cast<uint32_t>(n)});
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::pair<std::string_view, uint32_t>> order;
  order.reserve(count);
  for (const Keyed& each : keyed) order.emplace_back(each.string, each.number);
  return order;
}

}  // namespace

PieceTrie::PieceTrie(size_t count, const std::function<std::string_view(size_t)>& piece, const std::function<bool()>& goes_on) {
  Builder builder(*this);
  builder.order = sorted(count, piece);
  builder.grow();
  builder.build(goes_on);
  cells_ = TableArray<Cell>(builder.cells.size(), TablePages::Large);
  std::copy(builder.cells.begin(), builder.cells.end(), cells_.begin());
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

/// Begins a walk at each place: at the root, or behind a character of three bytes. What is read of tables is asked for one
/// pass before. Returns how many places go on.
uint32_t PieceTrie::begin_walks(std::string_view text, Prefixes& prefixes) const {
  const Cell* const cells = cells_.data();
  const auto size = static_cast<uint32_t>(prefixes.size_);
  constexpr uint32_t kNoPair = ~uint32_t{0};
  struct {
    uint32_t character;  // of three bytes; 0: none
    uint32_t pair;
    Node from;
  } first[Prefixes::kPlaces];
  for (uint32_t place = 0; place < size; ++place) {
    const auto [at, stop] = prefixes.places_[place];
    const std::string_view rest = text.substr(at, stop - at);
    first[place] = {0, kNoPair, kRoot};
    if (rest.size() < 3 || !is_three(rest, 0)) continue;
    first[place].character = three(rest, 0);
    __builtin_prefetch(&after_three_[first[place].character]);
    if (rest.size() < 6 || !is_three(rest, 3)) continue;
    first[place].pair = pair_at(first[place].character, three(rest, 3));
    __builtin_prefetch(&pairs_[first[place].pair / 64]);
  }
  for (uint32_t place = 0; place < size; ++place) {
    if (first[place].character == 0) continue;
    first[place].from = after_three_[first[place].character];
    if (first[place].from != kNoNode) __builtin_prefetch(&cells[first[place].from]);
  }
  uint32_t walking = 0;
  for (uint32_t place = 0; place < size; ++place) {
    const auto [at, stop] = prefixes.places_[place];
    const bool wide = first[place].character != 0;
    const uint32_t next = at + (wide ? 3 : 0);
    const Node from = first[place].from;
    const Cell& cell = cells[from == kNoNode ? kRoot : from];
    prefixes.found_[place][0] = {3, from, cell.weight};
    const bool is_string = cell.ends_string();
    prefixes.counts_[place] = static_cast<uint32_t>(wide) & static_cast<uint32_t>(from != kNoNode) & static_cast<uint32_t>(is_string);
    const uint32_t pair = first[place].pair;
    const bool goes_on = pair == kNoPair || (pairs_[pair / 64] >> (pair % 64) & 1);
    prefixes.walks_[walking] = {next, place, from, cell.base};
    if (next < stop) __builtin_prefetch(&cells[cell.base ^ static_cast<uint8_t>(text[next])]);
    walking += static_cast<uint32_t>(from != kNoNode) & static_cast<uint32_t>(goes_on) & static_cast<uint32_t>(next < stop);
  }
  return walking;
}

/// PERF: each step waits for a cache line, so all places take a step before one takes the next, and nothing branches on
/// what a step finds.
void PieceTrie::find_prefixes(std::string_view text, Prefixes& prefixes) const {
  const Cell* const cells = cells_.data();
  Prefixes::Walk* const walks = prefixes.walks_;
  for (uint32_t walking = begin_walks(text, prefixes); walking > 0;) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < walking; ++i) {
      const Prefixes::Walk walk = walks[i];
      const Prefixes::Place place = prefixes.places_[walk.place];
      const Node node = walk.base ^ static_cast<uint8_t>(text[walk.at]);
      const Cell cell = cells[node];
      const uint32_t goes = cell.parent == walk.node;
      const uint32_t next = walk.at + 1;
      uint32_t& count = prefixes.counts_[walk.place];
      prefixes.found_[walk.place][std::min<uint32_t>(count, Prefixes::kMost)] = {next - place.at, node, cell.weight};
      count += goes & static_cast<uint32_t>(cell.ends_string());
      walks[kept] = {next, walk.place, node, cell.base};
      const bool more = next < place.stop;
      __builtin_prefetch(&cells[cell.base ^ static_cast<uint8_t>(text[more ? next : walk.at])]);
      kept += goes & static_cast<uint32_t>(more);
    }
    walking = kept;
  }
}

}  // namespace headrace::text
