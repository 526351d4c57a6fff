#include "text/regex/class_parser.h"

#include <algorithm>

#include "text/regex/escapes.h"
#include "text/regex/properties.h"

namespace headrace::text::regex {
namespace {

class ClassParser {
 public:
  ClassParser(PatternReader& reader, const Options& options) : reader_(reader), options_(options) {}

  /// What is in the brackets, and apart from it whether it is negated.
  Result<CodePointSet> read(uint32_t depth_left, bool& negated) {
    if (depth_left == 0) return reader_.wrong("too deep nest level");
    negated = reader_.take("^");
    if (reader_.at("]")) {
      if (reader_.rest().substr(1).find(']') == std::string_view::npos) return reader_.wrong("empty char-class");
      reader_.next();
      add_character(']');
    }
    while (!reader_.take("]")) {
      if (reader_.done()) return reader_.wrong("premature end of char-class");
      HR_CHECK(read_item(depth_left));
    }
    end_operand();
    return std::move(*intersection_);
  }

 private:
  /// What the last item was: only a character can begin a range.
  enum class Last : uint8_t { Nothing, Character, Range, Class, Nested };

  void add_character(char32_t c) {
    operand_.push_back({c, c});
    last_ = Last::Character;
    range_begin_ = c;
  }

  void add_set(const CodePointSet& set) {
    operand_.insert(operand_.end(), set.ranges().begin(), set.ranges().end());
    last_ = Last::Class;
  }

  void end_operand() {
    CodePointSet set;
    set.add(operand_);
    intersection_ = intersection_ ? intersection_->intersection(set) : std::move(set);
    operand_.clear();
    last_ = Last::Nothing;
  }

  Result<void> read_item(uint32_t depth_left) {
    if (reader_.take("&&")) {
      end_operand();
      return {};
    }
    if (reader_.at("[:")) {
      HR_TRY(const bool posix, read_posix_class());
      if (posix) return {};
    }
    if (reader_.take("[")) {
      bool negated;
      HR_TRY(const CodePointSet inner, ClassParser(reader_, options_).read(depth_left - 1, negated));
      add_set(negated ? inner.complement() : inner);
      last_ = Last::Nested;
      return {};
    }
    if (reader_.at("-")) return read_hyphen();
    if (reader_.take("\\")) {
      HR_TRY(const auto set, read_class_escape(reader_, options_, true));
      if (set) {
        add_set(*set);
        return {};
      }
      HR_TRY(const CharacterEscape escape, read_escaped());
      for (const char32_t c : escape.characters) add_character(c);
      if (escape.characters.empty()) last_ = Last::Character, range_begin_ = kLastCodePoint;
      return {};
    }
    add_character(reader_.next());
    return {};
  }

  Result<CharacterEscape> read_escaped() {
    if (reader_.take("b")) return CharacterEscape{U"\b"};
    for (const char c : {'R', 'X', 'N', 'O', 'K'}) {  // no special meaning here
      if (reader_.take(std::string_view(&c, 1))) return CharacterEscape{std::u32string(1, static_cast<char32_t>(c))};
    }
    return read_character_escape(reader_);
  }

  Result<void> read_hyphen() {
    reader_.next();
    const bool operand_ends = reader_.at("]") || reader_.at("&&");
    const bool before_posix = reader_.at("[:") && begins_posix_class();
    switch (last_) {
      case Last::Nothing: add_character('-'); return {};
      case Last::Class:
        if (!operand_ends) return reader_.wrong("unmatched range specifier in char-class");
        add_character('-');
        return {};
      case Last::Range:
      case Last::Nested:
        add_character('-');
        last_ = Last::Range;
        return {};
      case Last::Character: break;
    }
    if (before_posix) return reader_.wrong("char-class value at end of range");
    if (operand_ends) {
      add_character('-');
      return {};
    }
    if (reader_.at("[")) {  // the reference forgets the character and the hyphen
      operand_.pop_back();
      return {};
    }
    return read_range_end();
  }

  bool begins_posix_class() const {
    const std::string_view rest = reader_.rest().substr(reader_.at("[:^") ? 3 : 2);
    return is_posix_class(rest.substr(0, std::min(rest.find(":]"), rest.size())));
  }

  Result<void> read_range_end() {
    if (reader_.done()) return reader_.wrong("premature end of char-class");
    char32_t last = 0;
    if (reader_.take("\\")) {
      HR_TRY(const auto set, read_class_escape(reader_, options_, true));
      if (set) return reader_.wrong("char-class value at end of range");
      HR_TRY(const CharacterEscape escape, read_escaped());
      last = escape.characters.empty() ? kLastCodePoint : escape.characters[0];
    } else {
      last = reader_.next();
    }
    if (last < range_begin_) return reader_.wrong("empty range in char class");
    operand_.push_back({range_begin_, last});
    last_ = Last::Range;
    return {};
  }

  /// [:alpha:], [:^alpha:]. False if the bracket begins something else.
  Result<bool> read_posix_class() {
    PatternReader ahead = reader_;
    ahead.take("[:");
    const bool negated = ahead.take("^");
    const size_t length = ahead.rest().find(":]");
    const std::string_view name = ahead.rest().substr(0, length == std::string_view::npos ? 0 : length);
    if (is_posix_class(name)) {
      const CodePointSet set = posix_class(name, options_);
      add_set(negated ? set.complement() : set);
      reader_.go_to(ahead.position() + length + 2);
      return true;
    }
    // A name of letters is meant as one; [:<:] is a class of three characters.
    static const CodePointSet letters = known_property("alpha");
    if (!negated && ahead.at(":")) return false;
    while (!ahead.done() && letters.contains(ahead.peek())) ahead.next();
    if (ahead.at(":]")) return reader_.wrong("invalid POSIX bracket type");
    return false;
  }

  PatternReader& reader_;
  const Options& options_;
  std::vector<CodePointRange> operand_;  // of the && that is being read
  std::optional<CodePointSet> intersection_;
  Last last_ = Last::Nothing;
  char32_t range_begin_ = 0;
};

}  // namespace

Result<Node> read_class(PatternReader& reader, const Options& options, uint32_t depth_left) {
  bool negated;
  HR_TRY(CodePointSet set, ClassParser(reader, options).read(depth_left, negated));
  if (!options.ignore_case) return set_node(negated ? set.complement() : std::move(set));
  const std::vector<std::u32string> longer = negated ? std::vector<std::u32string>{} : long_folds(set, options.folds);
  add_same_case(set, options.folds);
  if (negated) return set_node(set.complement());
  if (longer.empty()) return set_node(std::move(set));
  Node node = alternation({set_node(std::move(set))});
  for (const std::u32string& text : longer) {
    node.children.push_back({.kind = NodeKind::Literal, .text = text, .ignore_case = true, .folds = options.folds});
  }
  return node;
}

}  // namespace headrace::text::regex
