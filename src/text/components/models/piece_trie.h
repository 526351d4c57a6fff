#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace headrace::text {

/// Finds all strings of a set that a text begins with: a double array over bytes (Aoe,
/// "An efficient digital search algorithm by using a double-array structure", 1989). The
/// child of a node by byte c is at base ^ c, if it names that node as its parent.
/// Twelve bytes a node. Immutable.
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
    return node == kNoNode ? kNoValue : cells_[node].value;
  }

  /// Calls `found(length, value)` for each string that `text`, which is UTF-8, begins with, shortest first; strings
  /// that end inside a character may be passed over.
  template <class Found>
  void for_each_prefix(Node from, std::string_view text, const Found& found) const {
    if (from == kNoNode) return;
    size_t i = 0;
    // PERF: the first two bytes of a character of three bytes are one step.
    if (from == kRoot && text.size() > 2 && (text[0] & 0xF0) == 0xE0) {
      from = after_two_[(text[0] & 0x0Fu) << 6 | (text[1] & 0x3Fu)];
      if (from == kNoNode) return;
      i = 2;
    }
    const Cell* const cells = cells_.data();
    for (; i < text.size(); ++i) {
      const uint32_t at = cells[from].base ^ static_cast<uint8_t>(text[i]);
      if (cells[at].parent != from) return;
      from = at;
      if (cells[at].value != kNoValue) found(i + 1, cells[at].value);
    }
  }

 private:
  struct Cell {
    uint32_t base = 0;
    uint32_t parent = kNoNode;
    uint32_t value = kNoValue;
  };
  struct Builder;

  Node child(Node node, uint8_t byte) const {
    const uint32_t at = cells_[node].base ^ byte;
    return cells_[at].parent == node ? at : kNoNode;
  }

  std::vector<Cell> cells_;
  std::vector<Node> after_two_;  // the nodes of the first two bytes of characters of three
};

}  // namespace headrace::text
