#include "text/regex/code_point_set.h"

#include <algorithm>

namespace headrace::text::regex {

CodePointSet::CodePointSet(std::initializer_list<CodePointRange> ranges) { add(std::span(ranges.begin(), ranges.size())); }

bool CodePointSet::contains(char32_t c) const {
  const auto after = std::ranges::upper_bound(ranges_, c, {}, &CodePointRange::first);
  return after != ranges_.begin() && c <= std::prev(after)->last;
}

void CodePointSet::add(char32_t first, char32_t last) {
  const CodePointRange range{first, last};
  add(std::span(&range, 1));
}

void CodePointSet::add(std::span<const CodePointRange> ranges) {
  std::vector<CodePointRange> sorted(ranges_);
  sorted.insert(sorted.end(), ranges.begin(), ranges.end());
  std::ranges::sort(sorted, {}, &CodePointRange::first);
  ranges_.clear();
  for (const CodePointRange& range : sorted) {
    if (ranges_.empty() || range.first > ranges_.back().last + 1) {
      ranges_.push_back(range);
    } else {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    }
  }
}

CodePointSet CodePointSet::complement() const {
  CodePointSet out;
  char32_t next = 0;
  for (const CodePointRange& range : ranges_) {
    if (range.first > next) out.ranges_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) out.ranges_.push_back({next, kLastCodePoint});
  return out;
}

CodePointSet CodePointSet::intersection(const CodePointSet& other) const {
  CodePointSet out;
  for (auto a = ranges_.begin(), b = other.ranges_.begin(); a != ranges_.end() && b != other.ranges_.end();) {
    const char32_t first = std::max(a->first, b->first);
    const char32_t last = std::min(a->last, b->last);
    if (first <= last) out.ranges_.push_back({first, last});
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  return out;
}

}  // namespace headrace::text::regex
