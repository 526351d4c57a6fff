#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/regex/case_folds.h"
#include "text/regex/code_point_set.h"

namespace headrace::text::regex {

inline constexpr uint32_t kUnlimited = UINT32_MAX;

enum class NodeKind : uint8_t {
  Sequence,       ///< children one after another; none: the empty text
  Alternation,    ///< the first child that fits
  Set,            ///< one character of `set`
  Literal,        ///< `text`
  Repeat,         ///< the child, minimum to maximum times
  Capture,        ///< the child, remembered as `group`
  Group,          ///< the child; keeps its text apart from its neighbours'
  Atomic,         ///< the child, without going back into it
  Look,           ///< ahead or behind
  Anchor,
  Backreference,  ///< the text of the last of `groups` that has one
  Call,           ///< the child of the capture `group`, or everything for 0
  Conditional,    ///< children[0] if one of `groups` has matched, else children[1]
  Keep,           ///< the match begins here
  Absent,         ///< children[1] up to where children[0] would match; only while a pattern is read
};

enum class RepeatMode : uint8_t { Greedy, Lazy, Possessive };

enum class AnchorKind : uint8_t { LineBegin, LineEnd, TextBegin, TextEnd, TextEndOrLastLine, SearchBegin, WordBoundary, NoWordBoundary };

/// A part of a pattern. Only what its kind names is used.
struct Node {
  NodeKind kind = NodeKind::Sequence;
  std::vector<Node> children = {};
  CodePointSet set = {};  ///< of WordBoundary: what words are of
  std::u32string text = {};
  bool ignore_case = false;
  FoldTable folds = FoldTable::Unicode;
  uint32_t minimum = 0;
  uint32_t maximum = 0;
  RepeatMode mode = RepeatMode::Greedy;
  uint32_t group = 0;
  std::vector<uint32_t> groups = {};
  bool behind = false;
  bool negative = false;
  AnchorKind anchor = AnchorKind::LineBegin;
};

inline Node sequence(std::vector<Node> children = {}) { return {.kind = NodeKind::Sequence, .children = std::move(children)}; }
inline Node alternation(std::vector<Node> children) { return {.kind = NodeKind::Alternation, .children = std::move(children)}; }
inline Node set_node(CodePointSet set) { return {.kind = NodeKind::Set, .set = std::move(set)}; }
inline Node with_child(NodeKind kind, Node child) {
  Node node{.kind = kind};
  node.children.push_back(std::move(child));
  return node;
}
inline Node repeat(Node child, uint32_t minimum, uint32_t maximum, RepeatMode mode = RepeatMode::Greedy) {
  Node node = with_child(NodeKind::Repeat, std::move(child));
  node.minimum = minimum;
  node.maximum = maximum;
  node.mode = mode;
  return node;
}

}  // namespace headrace::text::regex
