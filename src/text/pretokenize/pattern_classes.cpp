#include "text/pretokenize/pattern_classes.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "base/unicode_tables.h"

namespace headrace::text {
namespace {

using unicode::ClassMask;

constexpr ClassMask kWord = unicode::kLetter | unicode::kMark | unicode::kNumber | unicode::bit(unicode::Category::Pc);

std::optional<ClassMask> property(std::string_view name) {
  static const std::map<std::string_view, ClassMask> known = {
      {"L", unicode::kLetter},       {"Lu", unicode::kUpper},          {"Ll", unicode::kLower},
      {"Lt", unicode::kTitle},       {"Lm", unicode::kModifierLetter}, {"Lo", unicode::kOtherLetter},
      {"M", unicode::kMark},         {"N", unicode::kNumber},          {"Nd", unicode::bit(unicode::Category::Nd)},
      {"P", unicode::kPunctuation},  {"S", unicode::kSymbol}};
  const auto found = known.find(name);
  if (found == known.end()) return std::nullopt;
  return found->second;
}

/// Neighbouring code points of one class.
struct Run {
  char32_t first;
  char32_t last;
  ClassMask mask;
};

const std::vector<Run>& all_runs() {
  static const std::vector<Run> runs = [] {
    std::vector<Run> list{{0, 0, unicode::class_of(0)}};
    for (char32_t c = 1; c <= 0x10FFFF; ++c) {
      const ClassMask mask = unicode::class_of(c);
      if (mask == list.back().mask) {
        list.back().last = c;
      } else {
        list.push_back({c, c, mask});
      }
    }
    return list;
  }();
  return runs;
}

/// The ranges of a class, as they are written within [ ].
std::string ranges(ClassMask mask) {
  std::string out;
  const std::vector<Run>& runs = all_runs();
  for (size_t i = 0; i < runs.size(); ++i) {
    if ((runs[i].mask & mask) == 0) continue;
    const char32_t first = runs[i].first;
    while (i + 1 < runs.size() && (runs[i + 1].mask & mask) != 0) ++i;
    fmt::format_to(std::back_inserter(out), "\\x{{{:x}}}-\\x{{{:x}}}", static_cast<uint32_t>(first),
                   static_cast<uint32_t>(runs[i].last));
  }
  return out;
}

/// The ranges of everything else. Surrogates are left out: no text has them.
std::string other_ranges(ClassMask mask) {
  return ranges(~mask & ~unicode::kWhiteSpace & ~unicode::bit(unicode::Category::Cs));
}

class Rewriter {
 public:
  explicit Rewriter(std::string_view pattern) : rest_(pattern) {}

  std::string run() {
    while (!rest_.empty()) step();
    return std::move(out_);
  }

 private:
  void step() {
    if (rest_[0] == '\\' && rest_.size() > 1) return escape();
    if (rest_[0] == '[') in_class_ = true;
    if (rest_[0] == ']') in_class_ = false;
    copy(1);
  }

  void copy(size_t count) {
    out_ += rest_.substr(0, count);
    rest_.remove_prefix(count);
  }

  void escape() {
    switch (rest_[1]) {
      case 's': return put(unicode::kWhiteSpace, false, 2);
      case 'S': return put(unicode::kWhiteSpace, true, 2);
      case 'd': return put(unicode::bit(unicode::Category::Nd), false, 2);
      case 'w': return put(kWord, false, 2);
      case 'p':
      case 'P': break;
      default: return copy(2);
    }
    const size_t close = rest_.find('}');
    const auto mask = close == std::string_view::npos ? std::nullopt : property(rest_.substr(3, close - 3));
    if (!mask) return copy(2);
    put(*mask, rest_[1] == 'P', close + 1);
  }

  void put(ClassMask mask, bool negated, size_t length) {
    rest_.remove_prefix(length);
    if (in_class_) {
      out_ += negated ? other_ranges(mask) : ranges(mask);
    } else {
      out_ += (negated ? "[^" : "[") + ranges(mask) + "]";
    }
  }

  std::string_view rest_;
  std::string out_;
  bool in_class_ = false;
};

}  // namespace

std::string with_explicit_classes(std::string_view pattern) { return Rewriter(pattern).run(); }

}  // namespace headrace::text
