#include "text/training/seed_pieces.h"

#include <algorithm>
#include <cmath>

#include "text/training/characters.h"

namespace headrace::text {
namespace {

/// The words one after another, each with an end. Characters are numbered in order of code
/// point from 1; 0 is the end of a word.
struct Corpus {
  static constexpr char32_t kCharacters = 0x110000;
  std::vector<uint32_t> text;
  std::vector<char32_t> characters{0};  // by number
  std::vector<uint64_t> counts{0};      // by number: how often words with it were seen
  std::vector<uint64_t> weights;        // by place in the text: how often its word was seen; empty: each counts once

  Corpus(const WordCounts& words, bool weighted) {
    std::vector<uint64_t> found(kCharacters);
    walk(words, [&found](char32_t c, uint64_t count) { found[c] += count; }, [] {});
    std::vector<uint32_t> numbers(kCharacters);
    for (char32_t c = 1; c < kCharacters; ++c) {
      if (found[c] == 0) continue;
      numbers[c] = static_cast<uint32_t>(characters.size());
      characters.push_back(c);
      counts.push_back(found[c]);
    }
    walk(words, [&](char32_t c, uint64_t count) {
      text.push_back(c == 0 ? 0 : numbers[c]);
      if (weighted) weights.push_back(count);
    }, [&] {
      text.push_back(0);
      if (weighted) weights.push_back(0);
    });
  }

  template <class Character, class End>
  static void walk(const WordCounts& words, const Character& character, const End& end) {
    for (size_t n = 0; n < words.size(); ++n) {
      if (words.word(n).empty()) continue;
      for_each_character(words.word(n), [&](std::string_view text, bool, bool) {
        character(character_of(text), words.count(n));
      });
      end();
    }
  }

  std::string spelled(size_t begin, size_t length) const {
    std::string spelling;
    for (size_t i = begin; i < begin + length; ++i) append_character(spelling, characters[text[i]]);
    return spelling;
  }
};

/// The suffixes of all words in order, compared by so many characters at most: a suffix
/// array as deep as the longest piece, by quicksort on one character after another
/// (Bentley, Sedgewick, "Fast algorithms for sorting and searching strings", SODA 1997).
class Suffixes {
 public:
  Suffixes(const std::vector<uint32_t>& text, size_t depth) : text_(text), depth_(depth) {
    for (uint32_t at = 0; at < text.size(); ++at) {
      if (text[at] != 0) order_.push_back(at);
    }
  }

  /// Large ranges on this thread, until there are many to be shared among all. The order does not depend on that.
  Result<void> sort(TrainingWatch& watch) {
    const size_t large = std::max<size_t>(order_.size() / 64, 1024);
    std::vector<Range> pending{{0, order_.size(), 0}}, shared;
    while (!pending.empty()) {
      HR_CHECK(watch.check());
      const Range range = pending.back();
      pending.pop_back();
      if (range.end - range.begin < large) {
        shared.push_back(range);
      } else {
        divide(range, pending);
      }
    }
    return watch.parallel_for(shared.size(), 16, [&](size_t begin, size_t end) -> Result<void> {
      std::vector<Range> own(shared.begin() + static_cast<ptrdiff_t>(begin), shared.begin() + static_cast<ptrdiff_t>(end));
      for (size_t step = 1; !own.empty() && watch.goes_on_at(step); ++step) {
        const Range range = own.back();
        own.pop_back();
        divide(range, own);
      }
      return {};
    });
  }

  const std::vector<uint32_t>& order() const { return order_; }

  /// How many characters two suffixes share, an end of both included.
  size_t shared(uint32_t a, uint32_t b) const {
    size_t length = 0;
    while (length < depth_ && text_[a + length] == text_[b + length]) {
      if (text_[a + length++] == 0) break;
    }
    return length;
  }

 private:
  struct Range {
    size_t begin, end;
    size_t depth;
  };

  /// Sorts a short range, or divides it into parts that are still to be sorted.
  void divide(const Range& range, std::vector<Range>& pending) {
    if (range.end - range.begin < 2 || range.depth == depth_) return;
    if (range.end - range.begin < 24) return insertion_sort(range);
    const uint32_t pivot = pivot_of(range);
    size_t less = range.begin, at = range.begin, greater = range.end;
    while (at < greater) {
      const uint32_t letter = text_[order_[at] + range.depth];
      if (letter < pivot) {
        std::swap(order_[less++], order_[at++]);
      } else if (letter > pivot) {
        std::swap(order_[at], order_[--greater]);
      } else {
        ++at;
      }
    }
    pending.push_back({range.begin, less, range.depth});
    pending.push_back({greater, range.end, range.depth});
    if (pivot != 0) pending.push_back({less, greater, range.depth + 1});
  }

  uint32_t pivot_of(const Range& range) const {
    const auto letter = [&](size_t i) { return text_[order_[i] + range.depth]; };
    const uint32_t a = letter(range.begin), b = letter(range.begin + (range.end - range.begin) / 2), c = letter(range.end - 1);
    return std::max(std::min(a, b), std::min(std::max(a, b), c));
  }

  void insertion_sort(const Range& range) {
    for (size_t i = range.begin + 1; i < range.end; ++i) {
      for (size_t k = i; k > range.begin && before(order_[k], order_[k - 1], range.depth); --k) std::swap(order_[k], order_[k - 1]);
    }
  }

  bool before(uint32_t a, uint32_t b, size_t depth) const {
    for (; depth < depth_; ++depth) {
      const uint32_t x = text_[a + depth], y = text_[b + depth];
      if (x != y) return x < y;
      if (x == 0) return false;
    }
    return false;
  }

  const std::vector<uint32_t>& text_;
  size_t depth_;
  std::vector<uint32_t> order_;
};

/// A substring that occurs more than once and not always before the same character.
struct Substring {
  uint64_t score;
  uint32_t begin;
  uint32_t length;
};

/// The nodes of the suffix tree, found on the way through the suffix array: the inner ones, and of a weighted
/// corpus the leaves as well, for a word may have been seen more than once.
class Substrings {
 public:
  Substrings(const Corpus& corpus, size_t longest, TrainingWatch& watch)
      : corpus_(corpus), longest_(longest), watch_(watch), suffixes_(corpus.text, longest + 1) {}

  Result<std::vector<Substring>> find() {
    HR_CHECK(suffixes_.sort(watch_));
    const auto& order = suffixes_.order();
    if (weighted()) {
      sums_.push_back(0);
      for (const uint32_t at : order) sums_.push_back(sums_.back() + corpus_.weights[at]);
    }
    for (size_t i = 1; i <= order.size(); ++i) {
      HR_CHECK(watch_.check_at(i));
      const size_t shared = i < order.size() ? suffixes_.shared(order[i - 1], order[i]) : 0;
      size_t first = i - 1;
      if (const size_t depth = weighted() ? depth_of_leaf(order[i - 1]) : 0; open_.back().depth < depth) open_.push_back({depth, i - 1});
      while (open_.back().depth > shared) {
        const Open node = open_.back();
        open_.pop_back();
        first = node.first;
        add(node, i, std::max(open_.back().depth, shared));
      }
      if (open_.back().depth < shared) open_.push_back({shared, first});
    }
    return std::move(found_);
  }

 private:
  struct Open {
    size_t depth;
    size_t first;  // suffix
  };

  bool weighted() const { return !corpus_.weights.empty(); }
  size_t depth_of_leaf(uint32_t at) const { return suffixes_.shared(at, at); }

  /// A node, the number after its last suffix, and how deep its parent is.
  void add(const Open& node, size_t end, size_t parent_depth) {
    const uint32_t begin = suffixes_.order()[node.first];
    const bool ends = corpus_.text[begin + node.depth - 1] == 0;
    // The string without the word's end is a node of its own, or an inner part of the way to this one.
    if (ends && (!weighted() || parent_depth >= node.depth - 1)) return;
    const size_t length = node.depth - (ends ? 1 : 0);
    if (length < 2 || length > longest_) return;
    const uint64_t count = weighted() ? sums_[end] - sums_[node.first] : end - node.first;
    if (count > 1) found_.push_back({count * length, begin, static_cast<uint32_t>(length)});
  }

  const Corpus& corpus_;
  const size_t longest_;
  TrainingWatch& watch_;
  Suffixes suffixes_;
  std::vector<uint64_t> sums_;  // of the weights of the suffixes before each
  std::vector<Open> open_{{0, 0}};
  std::vector<Substring> found_;
};

/// Sorts values of which no two are equal, in parts that are then merged.
template <class T, class Less>
Result<void> sort_by_parts(std::vector<T>& values, const Less& less, TrainingWatch& watch) {
  constexpr size_t kPart = 1 << 14;
  const auto at = [](std::vector<T>& of, size_t i) { return of.begin() + static_cast<ptrdiff_t>(std::min(i, of.size())); };
  HR_CHECK(watch.parallel_for(values.size(), kPart, [&](size_t begin, size_t end) -> Result<void> {
    std::sort(at(values, begin), at(values, end), less);
    return {};
  }));
  std::vector<T> merged(values.size());
  for (size_t part = kPart; part < values.size(); part *= 2) {
    HR_CHECK(watch.parallel_for((values.size() + 2 * part - 1) / (2 * part), 1, [&](size_t pair, size_t) -> Result<void> {
      const size_t begin = pair * 2 * part;
      const auto middle = at(values, begin + part);
      std::merge(at(values, begin), middle, middle, at(values, begin + 2 * part), at(merged, begin), less);
      return {};
    }));
    values.swap(merged);
  }
  return {};
}

}  // namespace

Result<std::vector<std::pair<std::string, double>>> seed_pieces(const WordCounts& words, size_t max_piece_length, size_t seed_size,
                                                               bool weighted, TrainingWatch& watch) {
  const Corpus corpus(words, weighted);
  std::vector<std::pair<std::string, double>> pieces;
  std::vector<uint32_t> characters;
  for (uint32_t number = 1; number < corpus.characters.size(); ++number) characters.push_back(number);
  std::sort(characters.begin(), characters.end(), [&corpus](uint32_t a, uint32_t b) {
    return corpus.counts[a] != corpus.counts[b] ? corpus.counts[a] > corpus.counts[b] : a > b;
  });
  for (const uint32_t number : characters) {
    std::string spelling;
    append_character(spelling, corpus.characters[number]);
    pieces.emplace_back(std::move(spelling), static_cast<double>(corpus.counts[number]));
  }
  HR_CHECK(watch.check());
  HR_TRY(std::vector<Substring> substrings, Substrings(corpus, max_piece_length, watch).find());
  HR_CHECK(watch.check());
  HR_CHECK(sort_by_parts(substrings, [&corpus](const Substring& a, const Substring& b) {
    if (a.score != b.score) return a.score > b.score;
    const auto *x = corpus.text.data() + a.begin, *y = corpus.text.data() + b.begin;
    return std::lexicographical_compare(y, y + b.length, x, x + a.length);
  }, watch));
  for (const Substring& substring : substrings) {
    pieces.emplace_back(corpus.spelled(substring.begin, substring.length), static_cast<double>(substring.score));
    if (pieces.size() >= seed_size) break;
  }
  double sum = 0;
  for (const auto& [piece, score] : pieces) sum += score;
  for (auto& [piece, score] : pieces) score = std::log(score) - std::log(sum);
  return pieces;
}

}  // namespace headrace::text
