#include "text/regex/parser.h"

#include <algorithm>
#include <map>

#include "text/regex/class_parser.h"
#include "text/regex/escapes.h"
#include "text/regex/grapheme_cluster.h"
#include "text/regex/options.h"
#include "text/regex/pattern_reader.h"
#include "text/regex/properties.h"

namespace headrace::text::regex {
namespace {

constexpr uint32_t kMostRepeats = 100'000;
constexpr size_t kMostAbsentNodes = 20'000;

bool is_word_character(char32_t c) {
  static const CodePointSet word = known_property("word");
  return word.contains(c);
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  /// `knows_names`: once it is known that the pattern has named groups, so that the others only group.
  Parser(std::string_view pattern, uint32_t most_depth, bool knows_names)
      : reader_(pattern), most_depth_(most_depth), depth_left_(most_depth), knows_names_(knows_names), capture_unnamed_(!knows_names) {}

  Result<ParsedPattern> run() {
    HR_TRY(Node root, parse_alternation(Options{}));
    if (!reader_.done()) return reader_.wrong("unmatched close parenthesis");
    if (captures_behind_ && !has_named()) return reader_.wrong("invalid pattern in look-behind");
    HR_CHECK(resolve(root));
    return ParsedPattern{std::move(root), captures_};
  }

  bool has_named() const { return !names_.empty(); }
  bool has_unnamed() const { return has_unnamed_; }

 private:
  Result<Node> parse_alternation(Options options) {
    if (depth_left_ == 0) return reader_.wrong("too deep nest level");
    --depth_left_;
    std::vector<Node> branches;
    do {
      HR_TRY(Node branch, parse_sequence(options));
      branches.push_back(std::move(branch));
    } while (reader_.take("|"));
    ++depth_left_;
    return branches.size() == 1 ? std::move(branches[0]) : alternation(std::move(branches));
  }

  Result<Node> parse_sequence(const Options& options) {
    Node out = sequence();
    for (;;) {
      HR_CHECK(skip_ignored(options));
      if (reader_.done() || reader_.at("|") || reader_.at(")")) break;
      if (reader_.at("*") || reader_.at("+") || reader_.at("?")) return reader_.wrong("target of repeat operator is not specified");
      HR_TRY(auto item, parse_item(options));
      HR_CHECK(parse_quantifiers(options, item));
      append(out, std::move(item));
    }
    HR_CHECK(apply_range_cutters(out));
    if (out.children.size() == 1) {
      Node only = std::move(out.children[0]);
      return only;
    }
    return out;
  }

  /// Texts side by side are one: it may fold to one character.
  static void append(Node& out, Node item) {
    if (item.kind == NodeKind::Sequence && item.children.empty()) return;
    if (item.kind == NodeKind::Literal && !out.children.empty()) {
      Node& last = out.children.back();
      if (last.kind == NodeKind::Literal && last.ignore_case == item.ignore_case && last.folds == item.folds &&
          last.behind == item.behind) {
        last.text += item.text;
        return;
      }
    }
    out.children.push_back(std::move(item));
  }

  /// Comments, and ASCII's white space (but no vertical tab) in extended form.
  Result<void> skip_ignored(const Options& options) {
    constexpr std::string_view kIgnored = " \t\n\r\f";
    for (;;) {
      if (reader_.take("(?#")) {
        for (;;) {
          if (reader_.done()) return reader_.wrong("end pattern in group");
          const char32_t c = reader_.next();
          if (c == ')') break;
          if (c == '\\' && !reader_.done()) reader_.next();
        }
      } else if (options.extended && reader_.take("#")) {
        while (!reader_.done() && reader_.next() != '\n') {}
      } else if (options.extended && !reader_.done() && kIgnored.contains(reader_.rest()[0])) {
        reader_.next();
      } else {
        return {};
      }
    }
  }

  static bool can_repeat(const Node& item) {
    if (item.kind == NodeKind::Alternation) return std::ranges::all_of(item.children, can_repeat);
    return item.kind != NodeKind::Anchor && item.kind != NodeKind::Look && item.kind != NodeKind::Keep;
  }

  Result<void> parse_quantifiers(const Options& options, Node& item) {
    for (;;) {
      HR_CHECK(skip_ignored(options));
      Node quantifier{.kind = NodeKind::Repeat};
      if (reader_.take("*")) {
        quantifier.maximum = kUnlimited;
      } else if (reader_.take("+")) {
        quantifier.minimum = 1;
        quantifier.maximum = kUnlimited;
      } else if (reader_.take("?")) {
        quantifier.maximum = 1;
      } else {
        HR_TRY(const bool interval, parse_interval(quantifier));
        if (!interval) return {};
        if (!can_repeat(item)) return reader_.wrong("target of repeat operator is invalid");
        item = repeated(std::move(item), quantifier);
        continue;
      }
      if (!can_repeat(item)) return reader_.wrong("target of repeat operator is invalid");
      if (reader_.take("?")) {
        quantifier.mode = RepeatMode::Lazy;
      } else if (reader_.take("+")) {
        quantifier.mode = RepeatMode::Possessive;
      }
      item = repeated(std::move(item), quantifier);
    }
  }

  /// {n}, {n,}, {,m}, {n,m} with a "?"; false, and nothing read, if it is none of these.
  /// {n}? is {n} that may be left out, and {n,m}+ is {n,m} several times.
  Result<bool> parse_interval(Node& quantifier) {
    PatternReader ahead = reader_;
    if (!ahead.take("{")) return false;
    const auto low = ahead.take_number(10, SIZE_MAX);
    auto high = low;
    const bool exact = !ahead.take(",");
    if (!exact) high = ahead.take_number(10, SIZE_MAX);
    if ((!low && !high) || !ahead.take("}")) return false;
    if (low.value_or(0) > kMostRepeats || high.value_or(0) > kMostRepeats) {
      return reader_.wrong("too big number");
    }
    reader_ = ahead;
    quantifier.minimum = low.value_or(0);
    quantifier.maximum = high.value_or(kUnlimited);
    if (quantifier.minimum > quantifier.maximum) {
      std::swap(quantifier.minimum, quantifier.maximum);
      quantifier.mode = RepeatMode::Possessive;
    }
    if (!exact && quantifier.mode == RepeatMode::Greedy && reader_.take("?")) quantifier.mode = RepeatMode::Lazy;
    return true;
  }

  /// Nested greedy quantifiers of the simple kind are one: (?:a*)+ would try every way
  /// to divide a run of a.
  static Node repeated(Node item, const Node& quantifier) {
    const auto simple = [](const Node& node) {
      return node.kind == NodeKind::Repeat && node.mode == RepeatMode::Greedy && node.minimum <= 1 &&
             (node.maximum == 1 || node.maximum == kUnlimited) && !(node.minimum == 1 && node.maximum == 1);
    };
    if (simple(item) && simple(quantifier)) {
      item.minimum = std::min(item.minimum, quantifier.minimum);
      item.maximum = std::max(item.maximum, quantifier.maximum);
      return item;
    }
    return repeat(std::move(item), quantifier.minimum, quantifier.maximum, quantifier.mode);
  }

  Result<Node> parse_item(const Options& options) {
    if (reader_.take("(")) return parse_group(options);
    if (reader_.take("[")) return read_class(reader_, options, depth_left_);
    if (reader_.take("\\")) return parse_escape(options);
    if (reader_.take(".")) return set_node(options.dot_all ? CodePointSet::all() : CodePointSet{{'\n', '\n'}}.complement());
    if (reader_.take("^")) return anchor(AnchorKind::LineBegin);
    if (reader_.take("$")) return anchor(AnchorKind::LineEnd);
    return text(std::u32string(1, reader_.next()), options);
  }

  Node text(std::u32string characters, const Options& options) const {
    return {.kind = NodeKind::Literal, .text = std::move(characters), .ignore_case = options.ignore_case, .folds = options.folds,
            .behind = look_behinds_ > 0};
  }

  static Node anchor(AnchorKind kind) { return {.kind = NodeKind::Anchor, .anchor = kind}; }

  Node word_anchor(AnchorKind kind, const Options& options) const {
    Node node = anchor(kind);
    node.set = word_characters(options);
    return node;
  }

  // ---- Escapes ----

  Result<Node> parse_escape(const Options& options) {
    if (reader_.done()) return reader_.wrong("end pattern at escape");
    HR_TRY(auto set, read_class_escape(reader_, options, false));
    if (set) return set_node(std::move(*set));
    const char32_t c = reader_.peek();
    if (c >= '1' && c <= '9') {
      PatternReader ahead = reader_;
      const uint32_t number = *ahead.take_number(10, SIZE_MAX);
      if (number <= 9 || number <= captures_) {
        reader_ = ahead;
        return reference_by_number(NodeKind::Backreference, number, options);
      }
      if (c > '7') return text(std::u32string(1, reader_.next()), options);
    }
    const size_t begin = reader_.position();
    reader_.next();
    switch (c) {
      case 'b': return word_anchor(AnchorKind::WordBoundary, options);
      case 'B': return word_anchor(AnchorKind::NoWordBoundary, options);
      case 'A': return anchor(AnchorKind::TextBegin);
      case 'z':
        if (look_behinds_ > 0) return reader_.wrong("invalid pattern in look-behind");
        return anchor(AnchorKind::TextEnd);
      case 'Z':
        if (look_behinds_ > 0) return reader_.wrong("invalid pattern in look-behind");
        return anchor(AnchorKind::TextEndOrLastLine);
      case 'G': return anchor(AnchorKind::SearchBegin);
      case 'K': return Node{.kind = NodeKind::Keep};
      case 'R': return general_newline();
      case 'X': return grapheme_cluster();
      case 'N': return set_node(CodePointSet{{'\n', '\n'}}.complement());
      case 'O': return set_node(CodePointSet::all());
      case 'y': return cluster_boundary(true);
      case 'Y': return cluster_boundary(false);
      case 'k':
      case 'g':
        if (reader_.at("<") || reader_.at("'")) {
          return parse_reference(c == 'k' ? NodeKind::Backreference : NodeKind::Call, options);
        }
        break;
      default: break;
    }
    reader_.go_to(begin);
    HR_TRY(CharacterEscape escape, read_character_escape(reader_));
    if (escape.characters.empty()) return set_node({});
    return text(std::move(escape.characters), options);
  }

  Result<std::string> read_name() {
    const char close = reader_.take("<") ? '>' : '\'';
    if (close == '\'') reader_.take("'");
    const auto name = reader_.take_until(close);
    if (!name) return reader_.wrong("invalid group name <>");
    if (name->empty()) return reader_.wrong("group name is empty");
    return std::string(*name);
  }

  Result<Node> parse_reference(NodeKind kind, const Options& options) {
    HR_TRY(const std::string name, read_name());
    const bool backwards = name.starts_with('-');
    const bool relative = backwards || name.starts_with('+');
    if (!relative && !is_digit(PatternReader(name).peek())) return reference_by_name(kind, name, options);
    PatternReader digits(std::string_view(name).substr(relative));
    const auto number = digits.take_number(10, SIZE_MAX);
    if (!number) return reader_.wrong(fmt::format("invalid group name <{}>", name));
    if (!digits.done()) {
      if (digits.at("+") || digits.at("-")) return reader_.unsupported("a reference with a recursion level");
      return reader_.wrong(fmt::format("invalid group name <{}>", name));
    }
    if (!relative) return reference_by_number(kind, *number, options);
    const int64_t group = backwards ? int64_t{captures_} + 1 - *number : int64_t{captures_} + *number;
    if (group < 1) return reader_.wrong("invalid backref number/name");
    return reference_by_number(kind, static_cast<uint32_t>(std::min<int64_t>(group, UINT32_MAX)), options);
  }

  Result<Node> reference_by_name(NodeKind kind, std::string name, const Options& options) {
    if (name.find_first_of("+-") != std::string::npos && kind == NodeKind::Backreference) {
      return reader_.unsupported("a reference with a recursion level");
    }
    references_.push_back(std::move(name));
    return Node{.kind = kind, .text = {static_cast<char32_t>(references_.size())}, .ignore_case = options.ignore_case};
  }

  Result<Node> reference_by_number(NodeKind kind, uint32_t number, const Options& options) {
    if (kind == NodeKind::Backreference && number == 0) return reader_.wrong("invalid backref number/name");
    return Node{.kind = kind, .ignore_case = options.ignore_case, .group = number, .groups = {number}};
  }

  // ---- Groups ----

  Result<Node> parse_group(const Options& options) {
    if (reader_.at("*")) return callout_or_nothing();
    if (!reader_.take("?")) return parse_capture(options, capture_unnamed_, {});
    if (reader_.done()) return reader_.wrong("end pattern in group");
    if (reader_.take(":")) return close(parse_alternation(options));
    if (reader_.take("=")) return parse_look(options, false, false);
    if (reader_.take("!")) return parse_look(options, false, true);
    if (reader_.take("<=")) return parse_look(options, true, false);
    if (reader_.take("<!")) return parse_look(options, true, true);
    if (reader_.take(">")) {
      HR_TRY(Node inner, close(parse_alternation(options)));
      return with_child(NodeKind::Atomic, std::move(inner));
    }
    if (reader_.at("<") || reader_.at("'")) return parse_named(options);
    if (reader_.take("(")) return parse_conditional(options);
    if (reader_.take("~")) return parse_absent(options);
    if (reader_.at("{")) return reader_.unsupported("a callout (?{");
    return parse_options(options);
  }

  Result<Node> close(Result<Node> inner) {
    if (!inner) return inner;
    if (!reader_.take(")")) return reader_.wrong("end pattern with unmatched parenthesis");
    return inner;
  }

  Result<Node> callout_or_nothing() {
    PatternReader ahead = reader_;
    ahead.take("*");
    if (reader_.take("*FAIL)")) return set_node({});
    if (ahead.peek() < 0x80 && is_word_character(ahead.peek())) return reader_.unsupported("a callout (*");
    return reader_.wrong("target of repeat operator is not specified");
  }

  Result<Node> parse_capture(const Options& options, bool capture, const std::string& name) {
    has_unnamed_ = has_unnamed_ || name.empty();
    if (!capture && knows_names_) {  // it was a group of its own while the pattern was read
      HR_TRY(Node inner, close(parse_alternation(options)));
      return with_child(NodeKind::Group, std::move(inner));
    }
    if (!capture) return close(parse_alternation(options));
    if (negative_look_behinds_ > 0 && !name.empty()) return reader_.wrong("invalid pattern in look-behind");
    captures_behind_ = captures_behind_ || negative_look_behinds_ > 0;
    const uint32_t group = ++captures_;
    if (!name.empty()) names_[name].push_back(group);
    HR_TRY(Node inner, close(parse_alternation(options)));
    Node node = with_child(NodeKind::Capture, std::move(inner));
    node.group = group;
    return node;
  }

  Result<Node> parse_named(const Options& options) {
    HR_TRY(const std::string name, read_name());
    PatternReader characters(name);
    if (is_digit(characters.peek()) || !is_word_character(characters.peek())) {
      return reader_.wrong(fmt::format("invalid group name <{}>", name));
    }
    return parse_capture(options, true, name);
  }

  Result<Node> parse_look(const Options& options, bool behind, bool negative) {
    const bool within_positive = look_behinds_ > negative_look_behinds_;
    if (look_behinds_ > 0 && (!behind || (negative && within_positive))) return reader_.wrong("invalid pattern in look-behind");
    look_behinds_ += behind;
    negative_look_behinds_ += behind && negative;
    HR_TRY(Node inner, close(parse_alternation(options)));
    look_behinds_ -= behind;
    negative_look_behinds_ -= behind && negative;
    Node node = with_child(NodeKind::Look, std::move(inner));
    node.behind = behind;
    node.negative = negative;
    return node;
  }

  /// (?~absent): any text up to where `absent` would match; (?~|absent|pattern): the pattern, but no further;
  /// (?~|absent) and (?~|): from here on, for the rest of a branch, no further, and as far as can be again.
  Result<Node> parse_absent(const Options& options) {
    if (look_behinds_ > 0) return reader_.wrong("invalid pattern in look-behind");
    const bool has_bar = reader_.take("|");
    if (has_bar && reader_.take(")")) return Node{.kind = NodeKind::Absent};
    HR_TRY(Node inner, close(parse_alternation(options)));
    if (!has_bar) return absent(std::move(inner), repeat(set_node(CodePointSet::all()), 0, kUnlimited));
    if (inner.kind != NodeKind::Alternation) return with_child(NodeKind::Absent, std::move(inner));
    Node first = std::move(inner.children[0]);
    inner.children.erase(inner.children.begin());
    if (inner.children.size() == 1) return absent(std::move(first), Node(inner.children[0]));
    return absent(std::move(first), std::move(inner));
  }

  static Node absent(Node what, Node pattern) {
    Node node = with_child(NodeKind::Absent, std::move(what));
    node.children.push_back(std::move(pattern));
    return node;
  }

  /// Puts what follows a (?~|absent) into it, up to a (?~|).
  Result<void> apply_range_cutters(Node& branch) {
    std::vector<Node> done;
    std::optional<Node> cutter;
    std::vector<Node> cut;
    const auto end_cut = [&] {
      if (cutter) done.push_back(absent(std::move(cutter->children[0]), sequence(std::move(cut))));
      cut.clear();
    };
    for (Node& child : branch.children) {
      if (child.kind != NodeKind::Absent || child.children.size() == 2) {
        (cutter ? cut : done).push_back(std::move(child));
        continue;
      }
      const bool begins = !child.children.empty();
      if (depth_left_ != most_depth_ - 1 || (begins && cutter)) {
        return reader_.unsupported("an absent range cutter (?~|…) within a group or another one");
      }
      end_cut();
      cutter.reset();
      if (begins) cutter = std::move(child);
    }
    end_cut();
    branch.children = std::move(done);
    return {};
  }

  /// (?(1)a|b), (?(<name>)a|b), (?(pattern)a|b); the reader is behind the second "(".
  Result<Node> parse_conditional(const Options& options) {
    std::optional<Node> reference;
    std::optional<Node> condition;
    if (reader_.at("<") || reader_.at("'")) {
      HR_TRY(reference, parse_reference(NodeKind::Backreference, options));
    } else if (is_digit(reader_.peek()) || reader_.at("-") || reader_.at("+")) {
      const auto text = reader_.take_until(')');
      if (!text) return reader_.wrong("end pattern in group");
      const std::string name = fmt::format("<{}>", *text);
      PatternReader outer = std::exchange(reader_, PatternReader(name));
      auto parsed = parse_reference(NodeKind::Backreference, options);
      reader_ = outer;
      HR_TRY(reference, std::move(parsed));
      reader_.go_to(reader_.position() - 1);
    } else {
      HR_TRY(condition, parse_alternation(options));
    }
    if (!reader_.take(")")) return reader_.wrong("invalid if-else syntax");
    const bool bare = reader_.at(")");
    HR_TRY(Node then, parse_sequence(options));
    Node otherwise = bare ? set_node({}) : sequence();
    if (reader_.take("|")) {
      HR_TRY(otherwise, parse_sequence(options));
    }
    if (reader_.at("|")) return reader_.wrong("invalid if-else syntax");
    if (!reader_.take(")")) return reader_.wrong("end pattern with unmatched parenthesis");
    return reference ? conditional(std::move(*reference), std::move(then), std::move(otherwise))
                     : conditional_on_text(std::move(*condition), std::move(then), std::move(otherwise));
  }

  static Node conditional(Node reference, Node then, Node otherwise) {
    reference.kind = NodeKind::Conditional;
    reference.children = {std::move(then), std::move(otherwise)};
    return reference;
  }

  static Node conditional_on_text(Node condition, Node then, Node otherwise) {
    Node absent = with_child(NodeKind::Look, condition);
    absent.negative = true;
    return alternation({sequence({with_child(NodeKind::Atomic, std::move(condition)), std::move(then)}),
                        sequence({std::move(absent), std::move(otherwise)})});
  }

  /// (?imx-imx) for the rest of the group that it is in, (?imx-imx:…) for its own.
  Result<Node> parse_options(Options options) {
    const bool at_pattern_begin = reader_.position() == 2;
    bool on = true;
    while (!reader_.done()) {
      switch (reader_.next()) {
        case '-': on = false; break;
        case 'i': options.ignore_case = on; break;
        case 'm': options.dot_all = on; break;
        case 'x': options.extended = on; break;
        case 'W': options.ascii_word = on; break;
        case 'D': options.ascii_digit = on; break;
        case 'S': options.ascii_space = on; break;
        case 'P': options.ascii_posix = on; break;
        case 'I':
          if (!at_pattern_begin || !on) return reader_.wrong("invalid group option");
          options.folds = FoldTable::Ascii;
          break;
        case 'C':
          if (!at_pattern_begin || !on) return reader_.wrong("invalid group option");
          capture_unnamed_ = false;
          break;
        case 'L': return reader_.unsupported("the option L (longest match)");
        case 'y':
          if (reader_.take("{w}")) return reader_.unsupported("the option y{w}");
          if (!on || !reader_.take("{g}")) return reader_.wrong("undefined group option");
          break;
        case ':': {
          HR_TRY(Node inner, close(parse_alternation(options)));
          return with_child(NodeKind::Group, std::move(inner));
        }
        case ')': {
          HR_TRY(Node rest, parse_alternation(options));
          return with_child(NodeKind::Group, std::move(rest));
        }
        default: return reader_.wrong("undefined group option");
      }
    }
    return reader_.wrong("end pattern in group");
  }

  // ---- After everything is read ----

  /// Checks references, gives names their numbers, and writes out what ignores case.
  Result<void> resolve(Node& node) {
    switch (node.kind) {
      case NodeKind::Backreference:
      case NodeKind::Conditional:
      case NodeKind::Call: HR_CHECK(resolve_reference(node)); break;
      case NodeKind::Literal:
        if (node.ignore_case) node = any_case(node);
        return {};
      default: break;
    }
    for (Node& child : node.children) HR_CHECK(resolve(child));
    return node.kind == NodeKind::Absent ? write_out_absent(node) : Result<void>();
  }

  /// No character of the pattern is where the absent one would match.
  Result<void> write_out_absent(Node& node) {
    const size_t size = size_of(node.children[0]) * size_of(node.children[1]);
    if (size > kMostAbsentNodes) return reader_.unsupported("an absent operator of such a size");
    Node guard = with_child(NodeKind::Look, std::move(node.children[0]));
    guard.negative = true;
    Node pattern = std::move(node.children[1]);
    HR_CHECK(put_before_characters(pattern, guard));
    node = std::move(pattern);
    return {};
  }

  static size_t size_of(const Node& node) {
    size_t size = 1 + node.text.size();
    for (const Node& child : node.children) size += size_of(child);
    return size;
  }

  Result<void> put_before_characters(Node& node, const Node& guard) {
    switch (node.kind) {
      case NodeKind::Backreference:
      case NodeKind::Call: return reader_.unsupported("a reference within an absent operator");
      case NodeKind::Set: {
        Node guarded = sequence({guard, std::move(node)});
        node = std::move(guarded);
        return {};
      }
      case NodeKind::Literal: {
        Node guarded = sequence();
        for (const char32_t c : node.text) {
          guarded.children.push_back(guard);
          guarded.children.push_back(set_node({{c, c}}));
        }
        node = std::move(guarded);
        return {};
      }
      case NodeKind::Look:
        if (node.behind) return {};
        break;
      default: break;
    }
    for (Node& child : node.children) HR_CHECK(put_before_characters(child, guard));
    return {};
  }

  Result<void> resolve_reference(Node& node) {
    const bool is_call = node.kind == NodeKind::Call;
    if (!node.text.empty()) {
      const std::string& name = references_[node.text[0] - 1];
      const auto found = names_.find(name);
      if (found == names_.end()) return reader_.wrong(fmt::format("undefined name <{}> reference", name));
      if (is_call && found->second.size() > 1) return reader_.wrong(fmt::format("multiplex definition name <{}> call", name));
      node.groups = found->second;
      node.group = node.groups[0];
      node.text.clear();
      return {};
    }
    if (node.group != 0 && has_named()) return reader_.wrong("numbered backref/call is not allowed. (use name)");
    if (node.group <= captures_) return {};
    if (is_call) return reader_.wrong(fmt::format("undefined group <{}> reference", node.group));
    return reader_.wrong("invalid backref number/name");
  }

  /// A text, and what it is when case does not matter. Of what several characters fold to
  /// ("ss" and ß), the longest at each place counts, and none within look-behind.
  static Node any_case(const Node& literal) {
    std::u32string plain;
    for (const char32_t c : literal.text) plain += literal.behind ? std::u32string(1, c) : single_fold(c, literal.folds);
    Node out = sequence();
    for (size_t at = 0; at < plain.size();) {
      size_t length = literal.behind ? 1 : std::min<size_t>(3, plain.size() - at);
      CodePointSet whole;
      for (; length > 1; --length) {
        whole = characters_folding_to(plain.substr(at, length), literal.folds);
        if (!whole.empty()) break;
      }
      out.children.push_back(length > 1 ? alternation({each_in_any_case(plain.substr(at, length), literal.folds), set_node(whole)})
                                        : one_in_any_case(literal.text[at], literal.behind, literal.folds));
      at += length;
    }
    return out;
  }

  static std::u32string single_fold(char32_t c, FoldTable table) {
    const std::u32string fold = folded(c, table);
    return fold.size() == 1 ? fold : std::u32string(1, c);
  }

  static Node each_in_any_case(const std::u32string& text, FoldTable table) {
    Node out = sequence();
    for (const char32_t c : text) out.children.push_back(set_node(same_case(c, table)));
    return out;
  }

  static Node one_in_any_case(char32_t c, bool behind, FoldTable table) {
    const std::u32string fold = folded(c, table);
    if (fold.size() == 1 || behind) return set_node(same_case(c, table));
    return alternation({set_node(same_case(c, table)), each_in_any_case(fold, table)});
  }

  PatternReader reader_;
  uint32_t most_depth_;
  uint32_t depth_left_;
  bool knows_names_;
  bool capture_unnamed_;
  bool captures_behind_ = false;  ///< unnamed groups within negative look-behind
  bool has_unnamed_ = false;
  uint32_t captures_ = 0;
  uint32_t look_behinds_ = 0;
  uint32_t negative_look_behinds_ = 0;
  std::map<std::string, std::vector<uint32_t>> names_;
  std::vector<std::string> references_;
};

}  // namespace

Result<ParsedPattern> parse(std::string_view pattern, uint32_t most_depth) {
  Parser parser(pattern, most_depth, false);
  auto parsed = parser.run();
  // Where there are named groups the others only group.
  if (parser.has_named() && parser.has_unnamed()) return Parser(pattern, most_depth, true).run();
  return parsed;
}

}  // namespace headrace::text::regex
