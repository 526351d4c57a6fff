#include "text/training/seed_pieces.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "text/training/characters.h"

namespace headrace::text {
namespace {

/// The words one after another, each with an end. Characters are numbered in order of code
/// point from 1; 0 is the end of a word.
struct Corpus {
  std::vector<uint32_t> text;
  std::vector<char32_t> characters{0};  // by number
  std::vector<uint64_t> counts{0};      // by number: how often words with it were seen

  explicit Corpus(const WordCounts& words) {
    std::map<char32_t, uint64_t> found;
    walk(words, [&found](char32_t c, uint64_t count) {
      if (c != 0) found[c] += count;
    }, [] {});
    std::map<char32_t, uint32_t> numbers;
    for (const auto& [c, count] : found) {
      numbers[c] = static_cast<uint32_t>(characters.size());
      characters.push_back(c);
      counts.push_back(count);
    }
    walk(words, [&](char32_t c, uint64_t) { text.push_back(c == 0 ? 0 : numbers[c]); }, [&] { text.push_back(0); });
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

  Result<void> sort(TrainingWatch& watch) {
    std::vector<Range> pending{{0, order_.size(), 0}};
    for (size_t step = 0; !pending.empty(); ++step) {
      HR_CHECK(watch.check_at(step));
      const Range range = pending.back();
      pending.pop_back();
      divide(range, pending);
    }
    return {};
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

/// The inner nodes of the suffix tree, found on the way through the suffix array.
Result<std::vector<Substring>> repeated_substrings(const Corpus& corpus, size_t longest, TrainingWatch& watch) {
  Suffixes suffixes(corpus.text, longest + 1);
  HR_CHECK(suffixes.sort(watch));
  const auto& order = suffixes.order();
  struct Open {
    size_t depth;
    size_t first;  // suffix
  };
  std::vector<Substring> found;
  std::vector<Open> open{{0, 0}};
  for (size_t i = 1; i <= order.size(); ++i) {
    HR_CHECK(watch.check_at(i));
    const size_t shared = i < order.size() ? suffixes.shared(order[i - 1], order[i]) : 0;
    size_t first = i - 1;
    while (open.back().depth > shared) {
      const Open node = open.back();
      open.pop_back();
      first = node.first;
      const uint32_t begin = order[node.first];
      const bool ends = corpus.text[begin + node.depth - 1] == 0;
      if (node.depth < 2 || node.depth > longest || ends) continue;
      found.push_back({(i - node.first) * node.depth, begin, static_cast<uint32_t>(node.depth)});
    }
    if (open.back().depth < shared) open.push_back({shared, first});
  }
  return found;
}

}  // namespace

Result<std::vector<std::pair<std::string, double>>> seed_pieces(const WordCounts& words, size_t max_piece_length, size_t seed_size,
                                                               TrainingWatch& watch) {
  const Corpus corpus(words);
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
  HR_TRY(std::vector<Substring> substrings, repeated_substrings(corpus, max_piece_length, watch));
  HR_CHECK(watch.check());
  std::sort(substrings.begin(), substrings.end(), [&corpus](const Substring& a, const Substring& b) {
    if (a.score != b.score) return a.score > b.score;
    const auto *x = corpus.text.data() + a.begin, *y = corpus.text.data() + b.begin;
    return std::lexicographical_compare(y, y + b.length, x, x + a.length);
  });
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
