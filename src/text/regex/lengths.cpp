#include "text/regex/lengths.h"

#include <algorithm>

namespace headrace::text::regex {
namespace {

constexpr size_t kMostAlternatives = 256;
constexpr uint32_t kMostRepeats = 1000;

/// The length in characters of everything that the node matches; none if it varies.
std::optional<uint64_t> fixed_length(const Node& node) {
  switch (node.kind) {
    case NodeKind::Set: return 1;
    case NodeKind::Literal: return node.text.size();
    case NodeKind::Look:
    case NodeKind::Anchor: return 0;
    case NodeKind::Capture:
    case NodeKind::Group:
    case NodeKind::Atomic: return fixed_length(node.children[0]);
    case NodeKind::Repeat: {
      const auto one = fixed_length(node.children[0]);
      if (!one || (node.minimum != node.maximum && *one != 0)) return std::nullopt;
      return *one * node.minimum;
    }
    case NodeKind::Sequence: {
      uint64_t sum = 0;
      for (const Node& child : node.children) {
        const auto length = fixed_length(child);
        if (!length) return std::nullopt;
        sum += *length;
      }
      return sum;
    }
    case NodeKind::Alternation: {
      const auto first = fixed_length(node.children[0]);
      const bool same = std::ranges::all_of(node.children, [&](const Node& child) { return fixed_length(child) == first; });
      return same ? first : std::nullopt;
    }
    case NodeKind::Backreference:
    case NodeKind::Call:
    case NodeKind::Conditional:
    case NodeKind::Keep:
    case NodeKind::Absent: return std::nullopt;
  }
  return std::nullopt;
}

using Alternatives = std::optional<std::vector<Node>>;

/// Every alternative of `left` followed by every one of `right`.
Alternatives product(const std::vector<Node>& left, const std::vector<Node>& right) {
  if (left.size() * right.size() > kMostAlternatives) return std::nullopt;
  std::vector<Node> out;
  for (const Node& a : left) {
    for (const Node& b : right) {
      Node joined = a.kind == NodeKind::Sequence ? a : sequence({a});
      joined.children.push_back(b);
      out.push_back(std::move(joined));
    }
  }
  return out;
}

Alternatives of_sequence(const Node& node) {
  Alternatives out = std::vector<Node>{sequence()};
  for (const Node& child : node.children) {
    const Alternatives next = fixed_length_alternatives(child);
    if (!next) return std::nullopt;
    out = product(*out, *next);
    if (!out) return std::nullopt;
  }
  return out;
}

Alternatives of_repeat(const Node& node) {
  const Alternatives one = fixed_length_alternatives(node.children[0]);
  // A possessive repeat does not stop where it could go on, but the end of what is looked at is no such place.
  if (!one || node.maximum > kMostRepeats || node.mode == RepeatMode::Possessive) return std::nullopt;
  std::vector<Node> out;
  Alternatives power = std::vector<Node>{sequence()};
  for (uint32_t times = 0; times <= node.maximum; ++times) {
    if (times > 0) power = product(*power, *one);
    if (!power || out.size() + power->size() > kMostAlternatives) return std::nullopt;
    if (times < node.minimum) continue;
    out.insert(out.end(), power->begin(), power->end());
  }
  return out;
}

}  // namespace

Alternatives fixed_length_alternatives(const Node& node) {
  if (fixed_length(node)) return std::vector<Node>{node};
  switch (node.kind) {
    case NodeKind::Sequence: return of_sequence(node);
    case NodeKind::Repeat: return of_repeat(node);
    case NodeKind::Alternation: {
      std::vector<Node> out;
      for (const Node& child : node.children) {
        Alternatives more = fixed_length_alternatives(child);
        if (!more || out.size() + more->size() > kMostAlternatives) return std::nullopt;
        out.insert(out.end(), more->begin(), more->end());
      }
      return out;
    }
    case NodeKind::Capture:
    case NodeKind::Group:
    case NodeKind::Atomic: {
      Alternatives inner = fixed_length_alternatives(node.children[0]);
      if (!inner || (node.kind == NodeKind::Atomic && inner->size() > 1)) return std::nullopt;
      for (Node& alternative : *inner) {
        Node wrapped = node;
        wrapped.children = {std::move(alternative)};
        alternative = std::move(wrapped);
      }
      return inner;
    }
    default: return std::nullopt;
  }
}

namespace {

uint32_t sum(uint32_t a, uint32_t b) { return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{a} + b, kUnlimited)); }
uint32_t product(uint32_t a, uint32_t b) { return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{a} * b, kUnlimited)); }

LengthRange either(LengthRange a, LengthRange b) { return {std::min(a.minimum, b.minimum), std::max(a.maximum, b.maximum)}; }

}  // namespace

LengthRange length_range(const Node& node) {
  switch (node.kind) {
    case NodeKind::Set: return {1, 1};
    case NodeKind::Literal: {
      const auto size = static_cast<uint32_t>(node.text.size());
      return {size, size};
    }
    case NodeKind::Look:
    case NodeKind::Anchor:
    case NodeKind::Keep: return {0, 0};
    case NodeKind::Capture:
    case NodeKind::Group:
    case NodeKind::Atomic: return length_range(node.children[0]);
    case NodeKind::Repeat: {
      const LengthRange one = length_range(node.children[0]);
      return {product(one.minimum, node.minimum), product(one.maximum, node.maximum)};
    }
    case NodeKind::Sequence: {
      LengthRange all{0, 0};
      for (const Node& child : node.children) {
        const LengthRange one = length_range(child);
        all = {sum(all.minimum, one.minimum), sum(all.maximum, one.maximum)};
      }
      return all;
    }
    case NodeKind::Alternation:
    case NodeKind::Conditional: {
      LengthRange all = length_range(node.children[0]);
      for (const Node& child : node.children) all = either(all, length_range(child));
      return all;
    }
    case NodeKind::Backreference:
    case NodeKind::Call:
    case NodeKind::Absent: return {};
  }
  return {};
}

}  // namespace headrace::text::regex
