#include "text/pipeline/string_matcher.h"

#include <algorithm>
#include <numeric>

namespace headrace::text {
namespace {

/// The byte at `depth` of the reversed string.
uint8_t byte_from_end(const std::string& string, size_t depth) { return static_cast<uint8_t>(string[string.size() - 1 - depth]); }

bool less_reversed(const std::string& a, const std::string& b) {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend(),
                                      [](char x, char y) { return static_cast<uint8_t>(x) < static_cast<uint8_t>(y); });
}

/// The strings that share what a state has read: a range of the sorted ones.
struct Range {
  uint32_t begin;
  uint32_t end;
  uint32_t depth;
};

}  // namespace

StringMatcher::StringMatcher(const std::vector<std::string>& strings) {
  lengths_.reserve(strings.size());
  for (const std::string& string : strings) lengths_.push_back(static_cast<uint32_t>(string.size()));
  build(strings);
}

void StringMatcher::build(const std::vector<std::string>& strings) {
  std::vector<uint32_t> sorted(strings.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::erase_if(sorted, [&](uint32_t i) { return strings[i].empty(); });
  std::stable_sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) { return less_reversed(strings[a], strings[b]); });

  // States in order of depth, so that the state to fall back to is complete when it is needed.
  std::vector<Range> ranges = {{0, static_cast<uint32_t>(sorted.size()), 0}};
  fail_ = {0};
  longest_ = {kNone};
  for (uint32_t state = 0; state < ranges.size(); ++state) {
    const Range range = ranges[state];
    first_edge_.push_back(static_cast<uint32_t>(edges_.size()));
    first_child_.push_back(static_cast<uint32_t>(ranges.size()));
    uint32_t at = range.begin;
    while (at < range.end && strings[sorted[at]].size() == range.depth) ++at;
    while (at < range.end) {
      const uint8_t byte = byte_from_end(strings[sorted[at]], range.depth);
      const uint32_t begin = at;
      while (at < range.end && byte_from_end(strings[sorted[at]], range.depth) == byte) ++at;
      const auto target = static_cast<uint32_t>(ranges.size());
      const uint32_t fail = state == 0 ? 0 : step(fail_[state], byte);
      const bool ends = strings[sorted[begin]].size() == range.depth + 1;
      ranges.push_back({begin, at, range.depth + 1});
      edges_.push_back(byte);
      fail_.push_back(fail);
      longest_.push_back(ends ? sorted[begin] : longest_[fail]);
      if (state == 0) from_root_[byte] = target;
    }
  }
  first_edge_.push_back(static_cast<uint32_t>(edges_.size()));
}

uint32_t StringMatcher::child(uint32_t state, uint8_t byte) const {
  const auto begin = edges_.begin() + first_edge_[state];
  const auto end = edges_.begin() + first_edge_[state + 1];
  const auto found = end - begin <= 8 ? std::find(begin, end, byte) : std::lower_bound(begin, end, byte);
  if (found == end || *found != byte) return kNone;
  return first_child_[state] + static_cast<uint32_t>(found - begin);
}

uint32_t StringMatcher::step(uint32_t state, uint8_t byte) const {
  for (; state != 0; state = fail_[state]) {
    if (const uint32_t next = child(state, byte); next != kNone) return next;
  }
  return from_root_[byte];
}

std::vector<StringMatcher::Hit> StringMatcher::find_all(std::string_view text) const {
  std::vector<Hit> hits;
  if (empty()) return hits;
  uint32_t state = 0;
  for (size_t at = text.size(); at-- > 0;) {
    state = step(state, static_cast<uint8_t>(text[at]));
    if (longest_[state] != kNone) hits.push_back({at, at + lengths_[longest_[state]], longest_[state]});
  }
  std::reverse(hits.begin(), hits.end());
  size_t free_from = 0;
  std::erase_if(hits, [&](const Hit& hit) {
    if (hit.begin < free_from) return true;
    free_from = hit.end;
    return false;
  });
  return hits;
}

}  // namespace headrace::text
