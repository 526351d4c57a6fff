#include "text/regex/pcre2_writer.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <utility>

#include "text/regex/lengths.h"

namespace headrace::text::regex {
namespace {

constexpr uint32_t kMostPcre2Repeats = 65535;
// Below this a set costs less in place than a call.
constexpr size_t kSmallSet = 8;

void write_character(std::string& out, char32_t c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
    out += static_cast<char>(c);
  } else {
    fmt::format_to(std::back_inserter(out), "\\x{{{:x}}}", static_cast<uint32_t>(c));
  }
}

/// Surrogates are in no text, and must not be named at the end of a range.
std::string ranges_text(const CodePointSet& set) {
  std::string out;
  for (auto [first, last] : set.ranges()) {
    if (first >= 0xD800 && first <= 0xDFFF) first = 0xE000;
    if (last >= 0xD800 && last <= 0xDFFF) last = 0xD7FF;
    if (first > last) continue;
    write_character(out, first);
    if (last == first) continue;
    out += '-';
    write_character(out, last);
  }
  return out;
}

std::string set_text(const CodePointSet& set) {
  if (set == CodePointSet::all()) return ".";
  const CodePointSet rest = set.complement();
  if (rest == CodePointSet{{'\n', '\n'}}) return "\\N";
  const std::string inside = ranges_text(set);
  if (inside.empty()) return "(?!)";
  if (set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last) return inside;
  const std::string outside = ranges_text(rest);
  if (outside.empty()) return ".";
  return outside.size() < inside.size() ? "[^" + outside + "]" : "[" + inside + "]";
}

class Writer {
 public:
  explicit Writer(SetStyle style) : style_(style) {}

  Result<std::string> run(const ParsedPattern& pattern) {
    find_references(pattern.root);
    HR_CHECK(number_captures(pattern.root));
    HR_CHECK(write(pattern.root));
    if (definitions_.empty()) return std::move(out_);
    // At the end, so that the numbers of the captures stand.
    return "(?:" + out_ + ")(?(DEFINE)" + definitions_ + ")";
  }

 private:
  // ---- Captures: only those that something refers to are PCRE2's ----

  void find_references(const Node& node) {
    if (node.kind == NodeKind::Backreference || node.kind == NodeKind::Conditional) {
      for (const uint32_t group : node.groups) numbers_[group] = 0;
    }
    if (node.kind == NodeKind::Call && node.group != 0) numbers_[node.group] = 0;
    for (const Node& child : node.children) find_references(child);
  }

  Result<void> number_captures(const Node& node) {
    if (node.kind == NodeKind::Capture && numbers_.contains(node.group)) {
      if (numbers_[node.group] != 0) return unsupported("a reference to a group in a condition");
      numbers_[node.group] = ++captures_;
    }
    for (const Node& child : node.children) HR_CHECK(number_captures(child));
    return {};
  }

  bool is_referenced(const Node& node) const { return node.kind == NodeKind::Capture && numbers_.contains(node.group); }

  bool has_referenced(const Node& node) const {
    if (is_referenced(node)) return true;
    for (const Node& child : node.children) {
      if (has_referenced(child)) return true;
    }
    return false;
  }

  // ---- Writing ----

  static std::unexpected<Error> unsupported(std::string_view what) {
    return fail(ErrorKind::Unsupported, fmt::format("The pattern has {}, which cannot be matched here.", what));
  }

  Result<void> write_all(const std::vector<Node>& nodes, std::string_view separator) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (i > 0) out_ += separator;
      HR_CHECK(write(nodes[i]));
    }
    return {};
  }

  Result<void> write_in(std::string_view open, const Node& child) {
    out_ += open;
    HR_CHECK(write(child));
    out_ += ')';
    return {};
  }

  Result<void> write(const Node& node) {
    switch (node.kind) {
      case NodeKind::Sequence: return write_all(node.children, "");
      case NodeKind::Alternation:
        out_ += "(?:";
        HR_CHECK(write_all(node.children, "|"));
        out_ += ')';
        return {};
      case NodeKind::Set: write_set(node.set); return {};
      case NodeKind::Literal:
        for (const char32_t c : node.text) write_character(out_, c);
        return {};
      case NodeKind::Repeat: return write_repeat(node);
      case NodeKind::Capture: return write_in(is_referenced(node) ? "(" : "(?:", node.children[0]);
      case NodeKind::Group: return write_in("(?:", node.children[0]);
      case NodeKind::Atomic: return write_in("(?>", node.children[0]);
      case NodeKind::Look: return write_look(node);
      case NodeKind::Anchor: write_anchor(node); return {};
      case NodeKind::Backreference: write_backreference(node); return {};
      case NodeKind::Call:
        fmt::format_to(std::back_inserter(out_), "(?{})", node.group == 0 ? 0 : numbers_[node.group]);
        return {};
      case NodeKind::Conditional: return write_conditional(node);
      case NodeKind::Keep:
        if (in_look_ > 0) return unsupported("\\K within look-around");
        out_ += "\\K";
        return {};
      case NodeKind::Absent: return {};
    }
    return {};
  }

  void write_set(const CodePointSet& set) {
    std::string text = set_text(set);
    if (style_ == SetStyle::InPlace || set.ranges().size() < kSmallSet) {
      out_ += text;
      return;
    }
    const auto [place, is_new] = shared_.emplace(std::move(text), shared_.size());
    const std::string name = fmt::format("set{}", place->second);
    if (is_new) definitions_ += "(?<" + name + ">" + place->first + ")";
    out_ += "(?&" + name + ")";
  }

  Result<void> write_repeat(const Node& node) {
    const Node& child = node.children[0];
    if (node.minimum > kMostPcre2Repeats || (node.maximum != kUnlimited && node.maximum > kMostPcre2Repeats)) {
      return unsupported(fmt::format("a repetition of more than {} times", kMostPcre2Repeats));
    }
    const bool is_character = child.kind == NodeKind::Literal && child.text.size() == 1;
    if (is_character || (child.kind == NodeKind::Set && style_ == SetStyle::InPlace)) {
      HR_CHECK(write(child));
    } else {
      HR_CHECK(write_in("(?:", child));
    }
    write_quantifier(node);
    return {};
  }

  void write_quantifier(const Node& node) {
    if (node.maximum == kUnlimited && node.minimum <= 1) {
      out_ += node.minimum == 0 ? '*' : '+';
    } else if (node.minimum == 0 && node.maximum == 1) {
      out_ += '?';
    } else {
      fmt::format_to(std::back_inserter(out_), "{{{},", node.minimum);
      if (node.maximum != kUnlimited) fmt::format_to(std::back_inserter(out_), "{}", node.maximum);
      out_ += '}';
    }
    if (node.mode == RepeatMode::Lazy) out_ += '?';
    if (node.mode == RepeatMode::Possessive) out_ += '+';
  }

  Result<void> write_look(const Node& node) {
    ++in_look_;
    if (!node.behind) {
      HR_CHECK(write_in(node.negative ? "(?!" : "(?=", node.children[0]));
    } else {
      const auto alternatives = fixed_length_alternatives(node.children[0]);
      if (!alternatives) return unsupported("a look-behind of unlimited length");
      if (alternatives->size() > 1 && has_referenced(node.children[0])) {
        return unsupported("a reference to a group in a look-behind of several lengths");
      }
      out_ += node.negative ? "(?<!" : "(?<=";
      HR_CHECK(write_all(*alternatives, "|"));
      out_ += ')';
    }
    --in_look_;
    return {};
  }

  void write_anchor(const Node& node) {
    switch (node.anchor) {
      case AnchorKind::LineBegin: out_ += "(?m:^)"; break;
      case AnchorKind::LineEnd: out_ += "(?m:$)"; break;
      case AnchorKind::TextBegin: out_ += "\\A"; break;
      case AnchorKind::TextEnd: out_ += "\\z"; break;
      case AnchorKind::TextEndOrLastLine: out_ += "\\Z"; break;
      case AnchorKind::SearchBegin: out_ += "\\G"; break;
      case AnchorKind::WordBoundary: write_word_boundary(node.set, "(?!", "(?="); break;
      case AnchorKind::NoWordBoundary: write_word_boundary(node.set, "(?=", "(?!"); break;
    }
  }

  void write_word_boundary(const CodePointSet& word, std::string_view after_word, std::string_view after_other) {
    out_ += "(?(?<=";
    write_set(word);
    out_ += ')';
    out_ += after_word;
    write_set(word);
    out_ += ")|";
    out_ += after_other;
    write_set(word);
    out_ += "))";
  }

  /// The last group of the name that has a text counts.
  void write_backreference(const Node& node) {
    out_ += node.ignore_case ? "(?>(?i:" : "(?>(?:";
    for (size_t i = node.groups.size(); i-- > 0;) {
      fmt::format_to(std::back_inserter(out_), "\\g{{{}}}{}", numbers_[node.groups[i]], i > 0 ? "|" : "");
    }
    out_ += "))";
  }

  Result<void> write_conditional(const Node& node) {
    if (node.groups.size() > 1) return unsupported("a condition on several groups of one name");
    fmt::format_to(std::back_inserter(out_), "(?({})", numbers_[node.groups[0]]);
    HR_CHECK(write_in("(?:", node.children[0]));
    out_ += '|';
    HR_CHECK(write_in("(?:", node.children[1]));
    out_ += ')';
    return {};
  }

  SetStyle style_;
  std::string out_;
  std::string definitions_;
  std::map<std::string, size_t> shared_;
  std::map<uint32_t, uint32_t> numbers_;  // of the captures that are referred to, in PCRE2's pattern
  uint32_t captures_ = 0;
  uint32_t in_look_ = 0;
};

}  // namespace

Result<std::string> write_pcre2(const ParsedPattern& pattern, SetStyle style) { return Writer(style).run(pattern); }

}  // namespace headrace::text::regex
