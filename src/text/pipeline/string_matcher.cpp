#include "text/pipeline/string_matcher.h"

#include <algorithm>
#include <bit>
#include <numeric>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/// In a tree, each place that a string may begin at costs a walk of at most so many steps.
constexpr size_t kLongestInTree = 256;

void set_pair(std::array<uint64_t, 1024>& pairs, uint8_t first, uint8_t second) {
  pairs[first * 4 + second / 64] |= uint64_t{1} << (second % 64);
}

}  // namespace

StringMatcher::StringMatcher(const std::vector<std::string>& strings) {
  lengths_.reserve(strings.size());
  for (const std::string& string : strings) lengths_.push_back(static_cast<uint32_t>(string.size()));
  const size_t longest = lengths_.empty() ? 0 : *std::max_element(lengths_.begin(), lengths_.end());
  if (longest <= kLongestInTree) {
    build_tree(strings);
  } else {
    build(strings);
  }
}

void StringMatcher::build_tree(const std::vector<std::string>& strings) {
  std::vector<uint32_t> sorted(strings.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::erase_if(sorted, [&](uint32_t i) { return strings[i].empty(); });
  std::stable_sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) { return strings[a] < strings[b]; });
  std::vector<Range> ranges = {{0, static_cast<uint32_t>(sorted.size()), 0}};
  for (size_t node = 0; node < ranges.size(); ++node) {
    const Range range = ranges[node];
    Node made{static_cast<uint32_t>(tree_edges_.size()), static_cast<uint32_t>(ranges.size()), kNone};
    uint32_t at = range.begin;
    if (at < range.end && strings[sorted[at]].size() == range.depth) made.string = sorted[at];
    while (at < range.end && strings[sorted[at]].size() == range.depth) ++at;
    while (at < range.end) {
      const char byte = strings[sorted[at]][range.depth];
      const uint32_t begin = at;
      while (at < range.end && strings[sorted[at]][range.depth] == byte) ++at;
      ranges.push_back({begin, at, range.depth + 1});
      tree_edges_.push_back(static_cast<uint8_t>(byte));
    }
    tree_.push_back(made);
  }
  tree_.push_back({static_cast<uint32_t>(tree_edges_.size()), static_cast<uint32_t>(ranges.size()), kNone});
  for (const uint32_t i : sorted) {
    const auto first = static_cast<uint8_t>(strings[i][0]);
    if (!begins_[first]) first_bytes_.push_back(strings[i][0]);
    begins_[first] = true;
    if (strings[i].size() == 1) {
      std::fill_n(begins_pair_.begin() + first * 4, 4, ~uint64_t{0});
    } else {
      set_pair(begins_pair_, first, static_cast<uint8_t>(strings[i][1]));
    }
  }
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

namespace {

/// Where a byte is among 64, as bits.
uint64_t places_of(char byte, const char* bytes) {
  uint64_t places = 0;
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8(byte);
  for (int i = 0; i < 64; i += 16) {
    const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + i)), wanted);
    places |= uint64_t{static_cast<uint16_t>(_mm_movemask_epi8(equal))} << i;
  }
#else
  for (int i = 0; i < 64; ++i) places |= uint64_t{bytes[i] == byte} << i;
#endif
  return places;
}

}  // namespace

/// The next place where the first two bytes are those of a string; the text's end if there is none.
///
/// PERF: most vocabularies' added tokens begin with one byte, which markup has every hundred bytes, so that a call for
/// each would cost more than looking.
size_t StringMatcher::next_candidate(std::string_view text, size_t from) const {
  const auto is_one = [&](size_t at) {
    const auto first = static_cast<uint8_t>(text[at]);
    const auto second = at + 1 < text.size() ? static_cast<uint8_t>(text[at + 1]) : uint8_t{0};
    return (begins_pair_[first * 4 + second / 64] >> (second % 64) & 1) != 0;
  };
  if (first_bytes_.size() == 1) {
    size_t at = from;
    for (; at + 64 <= text.size(); at += 64) {
      for (uint64_t found = places_of(first_bytes_[0], text.data() + at); found; found &= found - 1) {
        const size_t place = at + static_cast<size_t>(std::countr_zero(found));
        if (is_one(place)) return place;
      }
    }
    for (; at < text.size(); ++at) {
      if (text[at] == first_bytes_[0] && is_one(at)) return at;
    }
    return text.size();
  }
  for (size_t at = from; at < text.size(); ++at) {
    if (begins_[static_cast<uint8_t>(text[at])] && is_one(at)) return at;
  }
  return text.size();
}

std::vector<StringMatcher::Hit> StringMatcher::find_forward(std::string_view text) const {
  std::vector<Hit> hits;
  for (size_t at = next_candidate(text, 0); at < text.size();) {
    Hit longest{at, at, kNone};
    uint32_t node = 0;
    for (size_t end = at; end < text.size(); ++end) {
      const auto byte = static_cast<uint8_t>(text[end]);
      const auto edges = tree_edges_.begin();
      const auto begin = edges + tree_[node].first_edge, stop = edges + tree_[node + 1].first_edge;
      const auto edge = stop - begin <= 8 ? std::find(begin, stop, byte) : std::lower_bound(begin, stop, byte);
      if (edge == stop || *edge != byte) break;
      node = tree_[node].first_child + static_cast<uint32_t>(edge - begin);
      if (tree_[node].string != kNone) longest = {at, end + 1, tree_[node].string};
    }
    if (longest.string != kNone) hits.push_back(longest);
    at = next_candidate(text, std::max(longest.end, at + 1));
  }
  return hits;
}

std::vector<StringMatcher::Hit> StringMatcher::find_all(std::string_view text) const {
  std::vector<Hit> hits;
  if (empty()) return hits;
  if (!tree_.empty()) return find_forward(text);
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
