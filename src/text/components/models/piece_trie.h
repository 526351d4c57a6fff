#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "text/vocabulary/table_array.h"

namespace headrace::text {

/// Finds all strings of a set that a text begins with: a double array over bytes (Aoe,
/// "An efficient digital search algorithm by using a double-array structure", 1989). The
/// child of a node by byte c is at base ^ c, if it names that node as its parent.
/// Twenty bytes a node. Immutable once made.
class PieceTrie {
 public:
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNoNode = ~uint32_t{0};
  static constexpr uint32_t kNoValue = ~uint32_t{0};

  PieceTrie() : PieceTrie(0, [](size_t) { return std::string_view(); }) {}
  /// `piece(n)` for n < count; a string's value is its number, of equal strings the last.
  /// The empty string is never found. `goes_on`, asked now and then unless it is empty, says false to
  /// leave the trie unfinished.
  PieceTrie(size_t count, const std::function<std::string_view(size_t)>& piece, const std::function<bool()>& goes_on = {});

  /// The node that `text` leads to, or kNoNode.
  Node walk(Node from, std::string_view text) const {
    for (const char byte : text) {
      if (from == kNoNode) break;
      from = child(from, static_cast<uint8_t>(byte));
    }
    return from;
  }

  /// The value of a string, or kNoValue.
  uint32_t find(std::string_view text) const {
    const Node node = walk(kRoot, text);
    return node == kNoNode ? kNoValue : values_[node];
  }

  /// Calls `found(length, value)` for each string that `text`, which is UTF-8, begins with, shortest first; strings
  /// that end inside a character may be passed over.
  template <class Found>
  void for_each_prefix(Node from, std::string_view text, const Found& found) const {
    visit(from, text, [&](size_t length, Node node) { found(length, values_[node]); });
  }
  class Prefixes;
  /// Finds the same, from the root, at several places of a text.
  void find_prefixes(std::string_view text, Prefixes& prefixes) const;
  uint32_t value_of(Node node) const { return values_[node]; }
  void prefetch_value(Node node) const { __builtin_prefetch(&values_[node]); }
  /// Gives each string a weight other than zero, by its number; none may be NaN.
  void set_weights(std::span<const double> weights);

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  struct Cell {
    uint32_t base = 0;
    uint32_t parent = kNoNode;
    double weight = kNone;
    bool ends_string() const { return weight == weight; }
  };
  struct Builder;

  static constexpr int kPairBits = 20;
  static uint32_t pair_at(char32_t first, char32_t second) {
    return (static_cast<uint32_t>(first) << 16 | static_cast<uint32_t>(second)) * 0x9E3779B1u >> (32 - kPairBits);
  }
  /// Whether a character of three bytes is there.
  static bool is_three(std::string_view text, size_t at) {
    const auto is_next = [&](size_t i) { return (static_cast<uint8_t>(text[i]) & 0xC0) == 0x80; };
    return (static_cast<uint8_t>(text[at]) & 0xF0) == 0xE0 && is_next(at + 1) && is_next(at + 2);
  }
  static char32_t three(std::string_view text, size_t at) {
    return (text[at] & 0x0Fu) << 12 | (text[at + 1] & 0x3Fu) << 6 | (text[at + 2] & 0x3Fu);
  }
  void note_beginnings(std::string_view piece);
  /// Whether a string may begin with the character of three bytes that a text begins with, and more of the text.
  bool may_go_on(std::string_view text) const {
    if (text.size() <= 5 || !is_three(text, 3)) return true;
    const uint32_t pair = pair_at(three(text, 0), three(text, 3));
    return pairs_[pair / 64] >> (pair % 64) & 1;
  }

  /// Calls `found(length, node)`.
  ///
  /// PERF: each step waits for a cache line. A character of three bytes at the beginning is one step, and
  /// where no string begins with two such characters the second is not tried.
  template <class Found>
  void visit(Node from, std::string_view text, const Found& found) const {
    if (from == kNoNode) return;
    const Cell* const cells = cells_.data();
    uint32_t i = 0;
    if (from == kRoot && text.size() > 2 && is_three(text, 0)) {
      from = after_three_[three(text, 0)];
      if (from == kNoNode) return;
      i = 3;
      if (cells[from].ends_string()) found(i, from);
      if (!may_go_on(text)) return;
    }
    for (; i < text.size(); ++i) {
      const uint32_t at = cells[from].base ^ static_cast<uint8_t>(text[i]);
      if (cells[at].parent != from) return;
      from = at;
      if (cells[at].ends_string()) found(i + 1, at);
    }
  }

  uint32_t begin_walks(std::string_view text, Prefixes& prefixes) const;

  Node child(Node node, uint8_t byte) const {
    const uint32_t at = cells_[node].base ^ byte;
    return cells_[at].parent == node ? at : kNoNode;
  }

  TableArray<Cell> cells_;
  std::vector<uint32_t> values_;
  std::vector<Node> after_three_;  // by character of three bytes
  std::vector<uint64_t> pairs_;    // by a hash: two such characters that a string may begin with
};

/// What strings begin at some places of a text, with their nodes and weights.
class PieceTrie::Prefixes {
 public:
  static constexpr size_t kPlaces = 128;  ///< at most
  static constexpr size_t kMost = 12;     ///< of a place that are kept; where there are more, they must be looked for by themselves
  struct Prefix {
    uint32_t length;
    Node node;
    double weight;
  };

  void clear() { size_ = 0; }
  bool full() const { return size_ == kPlaces; }
  size_t size() const { return size_; }
  /// Strings begin at `at` and end at `stop` or before.
  void add(uint32_t at, uint32_t stop) { places_[size_++] = {at, stop}; }

  /// Calls `found(length, node, weight)` for each string that begins at a place, shortest first.
  template <class Found>
  void for_each(const PieceTrie& trie, std::string_view text, size_t place, const Found& found) const {
    if (counts_[place] > kMost) [[unlikely]] {
      const std::string_view rest = text.substr(places_[place].at, places_[place].stop - places_[place].at);
      trie.visit(kRoot, rest, [&](size_t length, Node node) { found(static_cast<uint32_t>(length), node, trie.cells_[node].weight); });
      return;
    }
    for (uint32_t i = 0; i < counts_[place]; ++i) {
      const Prefix& prefix = found_[place][i];
      found(prefix.length, prefix.node, prefix.weight);
    }
  }

 private:
  friend class PieceTrie;
  struct Place {
    uint32_t at, stop;
  };
  /// On its way down: the next byte is text[at].
  struct Walk {
    uint32_t at;
    uint32_t place;
    Node node;
    uint32_t base;
  };

  size_t size_ = 0;
  Place places_[kPlaces];
  uint32_t counts_[kPlaces];
  Walk walks_[kPlaces];
  Prefix found_[kPlaces][kMost + 1];  // with room for those that are too many
};

}  // namespace headrace::text
