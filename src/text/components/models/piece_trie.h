#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace headrace::text {

/// Finds all strings of a set that a text begins with: a double array over bytes (Aoe,
/// "An efficient digital search algorithm by using a double-array structure", 1989). The
/// child of a node by byte c is at base ^ c, if it names that node as its parent.
/// Eight bytes a node and four more where a string ends. Immutable.
class PieceTrie {
 public:
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNoNode = ~uint32_t{0};
  static constexpr uint32_t kNoValue = ~uint32_t{0};

  PieceTrie() : PieceTrie(0, [](size_t) { return std::string_view(); }) {}
  /// `piece(n)` for n < count; a string's value is its number, of equal strings the last.
  /// The empty string is never found.
  PieceTrie(size_t count, const std::function<std::string_view(size_t)>& piece);

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

  /// Calls `found(length, value)` for each string that `text` begins with, shortest first.
  template <class Found>
  void for_each_prefix(Node from, std::string_view text, const Found& found) const {
    if (from == kNoNode) return;
    for (size_t i = 0; i < text.size(); ++i) {
      from = child(from, static_cast<uint8_t>(text[i]));
      if (from == kNoNode) return;
      if (values_[from] != kNoValue) found(i + 1, values_[from]);
    }
  }

 private:
  struct Cell {
    uint32_t base = 0;
    uint32_t parent = kNoNode;
  };
  struct Builder;

  Node child(Node node, uint8_t byte) const {
    const uint32_t at = cells_[node].base ^ byte;
    return cells_[at].parent == node ? at : kNoNode;
  }

  std::vector<Cell> cells_;
  std::vector<uint32_t> values_;
};

}  // namespace headrace::text
