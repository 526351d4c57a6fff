#include "text/regex/case_folds.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "text/regex/fold_tables.h"

namespace headrace::text::regex {
namespace {

bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::span<const CaseFold> folds() { return {kCaseFolds, kCaseFoldCount}; }

std::u32string text_of(const CaseFold& fold) {
  std::u32string text;
  for (const char32_t c : fold.folded) {
    if (c != 0) text += c;
  }
  return text;
}

/// The characters of each folding; of single-character ones the folding itself too.
const std::map<std::u32string, CodePointSet>& unfolded() {
  static const std::map<std::u32string, CodePointSet> map = [] {
    std::map<std::u32string, CodePointSet> all;
    for (const CaseFold& fold : folds()) {
      const std::u32string text = text_of(fold);
      CodePointSet& set = all[text];
      set.add(fold.character, fold.character);
      if (text.size() == 1) set.add(text[0], text[0]);
    }
    return all;
  }();
  return map;
}

}  // namespace

std::u32string folded(char32_t c, FoldTable table) {
  if (table == FoldTable::Ascii) return std::u32string(1, c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  const auto found = std::ranges::lower_bound(folds(), c, {}, &CaseFold::character);
  if (found == folds().end() || found->character != c) return std::u32string(1, c);
  return text_of(*found);
}

CodePointSet same_case(char32_t c, FoldTable table) {
  if (table == FoldTable::Ascii) {
    if (!is_ascii_letter(c)) return {{c, c}};
    return {{c & ~char32_t{0x20}, c & ~char32_t{0x20}}, {c | 0x20, c | 0x20}};
  }
  const auto found = unfolded().find(folded(c, table));
  return found == unfolded().end() ? CodePointSet{{c, c}} : found->second;
}

void add_same_case(CodePointSet& set, FoldTable table) {
  std::vector<CodePointRange> more;
  if (table == FoldTable::Ascii) {
    for (char32_t c = 'A'; c <= 'Z'; ++c) {
      if (set.contains(c)) more.push_back({c | 0x20, c | 0x20});
      if (set.contains(c | 0x20)) more.push_back({c, c});
    }
  } else {
    for (const auto& [text, characters] : unfolded()) {
      const CodePointSet common = characters.intersection(set);
      if (!common.empty() && common != characters) more.insert(more.end(), characters.ranges().begin(), characters.ranges().end());
    }
  }
  set.add(more);
}

std::vector<std::u32string> long_folds(const CodePointSet& set, FoldTable table) {
  std::vector<std::u32string> out;
  if (table == FoldTable::Ascii) return out;
  for (const auto& [text, characters] : unfolded()) {
    if (text.size() > 1 && !characters.intersection(set).empty()) out.push_back(text);
  }
  return out;
}

CodePointSet characters_folding_to(const std::u32string& text, FoldTable table) {
  if (table == FoldTable::Ascii) return {};
  const auto found = unfolded().find(text);
  return found == unfolded().end() ? CodePointSet{} : found->second;
}

}  // namespace headrace::text::regex
