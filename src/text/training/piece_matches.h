#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/components/models/piece_trie.h"
#include "text/training.h"
#include "text/unicode/utf8.h"

namespace headrace::text {

/// A piece that a word has somewhere. Matches come by place: for each character of a word its own length and how
/// many pieces begin there (as `id`), then those pieces, the shortest first.
struct PieceMatch {
  uint32_t id;
  uint32_t length;  // in bytes
};

/// Finds the matches of words in a trie of pieces, and keeps them from one pass over the words to the next: pieces
/// are only ever taken away.
///
/// PERF: a trie of a million pieces lies in no cache, and each step in it waits for memory.
class PieceMatches {
 public:
  /// Of words [begin, end); keeps so many matches at most.
  PieceMatches(const WordCounts& words, size_t begin, size_t end, size_t most_kept)
      : words_(&words), begin_(begin), end_(end), kept_end_(begin), most_kept_(most_kept) {}

  bool are_kept() const { return kept_end_ == end_; }

  /// Calls visit(n, matches) for each word that is not empty, as long as that returns true. Pieces that are
  /// not `alive(id)` are passed over. The trie's
  /// values are ids; it is not looked at when all matches are kept.
  template <class Alive, class Visit>
  void for_each_word(const PieceTrie& trie, const Alive& alive, const Visit& visit);

  /// The matches of a text alone.
  template <class Alive>
  static void find(std::string_view text, const PieceTrie& trie, const Alive& alive, std::vector<PieceMatch>& matches);

 private:
  const WordCounts* words_;
  size_t begin_, end_;
  size_t kept_end_;  // of the words whose matches are kept
  size_t most_kept_;
  std::vector<PieceMatch> kept_;
};

/// What pieces are worth: logarithms of probabilities, by id, and what those are of. Id 0 stands for characters that are
/// no piece.
struct PieceScores {
  PieceScores(std::vector<double> of_ids, double of_unknown);

  std::vector<double> scores;
  std::vector<double> probabilities;
  double unknown_score;
  double unknown_probability;
  size_t longest;  ///< word, in characters, of which no division's probability can be very small
};

/// The divisions of words by what their pieces are worth. Memory is used again for the next word.
class Divisions {
 public:
  explicit Divisions(const PieceScores& scores) : of_(&scores) {}

  /// Adds to `expected[id]` how often each piece is expected in `frequency` copies of a word of so many bytes.
  void add_expected(std::span<const PieceMatch> matches, size_t size, double frequency, std::span<double> expected);
  /// The ids of the best division, from the last to the first; of equal ones that whose last pieces begin earliest.
  std::span<const uint32_t> best(std::span<const PieceMatch> matches, size_t size, uint32_t without_id = ~uint32_t{0});
  /// The score of the last `best`; the lowest number if there was none.
  double best_score() const { return best_score_; }

 private:
  struct Step {
    double score;
    uint32_t begin;
    uint32_t id;
  };
  template <bool kScaled>
  bool sum_before(std::span<const PieceMatch> matches, size_t size);
  template <bool kScaled>
  void add_between(std::span<const PieceMatch> matches, size_t size, double frequency, std::span<double> expected);
  void add_expected_by_logarithms(std::span<const PieceMatch> matches, size_t size, double frequency, std::span<double> expected);

  const PieceScores* of_;
  std::vector<double> alpha_, beta_;  // by place in the word, in bytes
  std::vector<uint32_t> scales_;
  std::vector<uint32_t> places_;  // of characters in the matches
  std::vector<Step> steps_;
  std::vector<uint32_t> path_;
  double best_score_ = 0;
};

// ---- Templates ----

template <class Alive>
void PieceMatches::find(std::string_view text, const PieceTrie& trie, const Alive& alive, std::vector<PieceMatch>& matches) {
  for (size_t at = 0; at < text.size();) {
    const auto character = static_cast<uint32_t>(std::min<size_t>(utf8::length_by_lead(text[at]), text.size() - at));
    const size_t head = matches.size();
    matches.push_back({0, character});
    trie.for_each_prefix(PieceTrie::kRoot, text.substr(at), [&](size_t length, uint32_t id) {
      if (alive(id)) matches.push_back({id, static_cast<uint32_t>(length)});
    });
    matches[head].id = static_cast<uint32_t>(matches.size() - head - 1);
    at += character;
  }
}

template <class Alive, class Visit>
void PieceMatches::for_each_word(const PieceTrie& trie, const Alive& alive, const Visit& visit) {
  size_t from = 0, to = 0;
  size_t n = begin_;
  for (; n < kept_end_; ++n) {
    const size_t size = words_->word(n).size();
    if (size == 0) continue;
    const size_t first = to;
    for (size_t at = 0; at < size;) {
      const PieceMatch head = kept_[from++];
      const size_t head_at = to++;
      for (uint32_t i = 0; i < head.id; ++i) {
        const PieceMatch match = kept_[from++];
        kept_[to] = match;
        to += alive(match.id);
      }
      kept_[head_at] = {static_cast<uint32_t>(to - head_at - 1), head.length};
      at += head.length;
    }
    if (!visit(n, std::span<const PieceMatch>(kept_.data() + first, to - first))) return;
  }
  kept_.resize(to);
  std::vector<PieceMatch> matches;
  for (; n < end_; ++n) {
    const std::string_view word = words_->word(n);
    matches.clear();
    find(word, trie, alive, matches);
    if (!word.empty() && !visit(n, std::span<const PieceMatch>(matches))) return;
    if (kept_end_ == n && kept_.size() + matches.size() <= most_kept_) {
      kept_.insert(kept_.end(), matches.begin(), matches.end());
      ++kept_end_;
    }
  }
}

}  // namespace headrace::text
