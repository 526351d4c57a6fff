#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "text/components/models/piece_trie.h"
#include "text/components/models/random_stream.h"

namespace headrace::text {

/// All ways to divide a text into the pieces of a Unigram model (Kudo, "Subword
/// regularization", ACL 2018). The memory is used again for the next text.
class Lattice {
 public:
  struct Node {
    uint32_t id = 0;
    uint32_t begin = 0;  // bytes of the text
    uint32_t end = 0;
    double score = 0;
  };
  using Path = std::vector<uint32_t>;  // numbers of nodes
  static constexpr uint32_t kNone = ~uint32_t{0};

  static constexpr double kNever = -std::numeric_limits<double>::infinity();
  /// `score(id)`: of a piece, kNever for one that no path may have. A character that is no piece by itself is `unk_id` with
  /// `unk_score`, or nothing if `unk_id` is kNone.
  template <class Score>
  void fill(std::string_view text, const PieceTrie& trie, const Score& score, uint32_t unk_id, double unk_score) {
    clear(text);
    for (uint32_t at = 0; at < text.size();) {
      const uint32_t character = character_length(at);
      bool single = false;
      trie.for_each_prefix(PieceTrie::kRoot, text.substr(at), [&](size_t length, uint32_t id) {
        if (!(score(id) > kNever)) return;
        add({id, at, at + static_cast<uint32_t>(length), score(id)});
        single |= length == character;
      });
      if (!single && unk_id != kNone) add({unk_id, at, at + character, unk_score});
      at += character;
    }
    finish();
  }

  std::span<const Node> nodes() const { return nodes_; }

  /// The path with the highest score; of equal ones that whose last pieces begin earliest.
  /// Empty when no path leads through the text.
  Path best();
  /// Up to `count` paths by falling score, with their scores.
  std::vector<std::pair<Path, double>> best(size_t count);
  /// A path drawn with the weight that the reference gives it; `theta` smooths.
  Path sample(double theta, RandomStream& random);
  /// Adds to `expected[id]` how often each piece is expected in `frequency` copies of the
  /// text; returns frequency · log of the text's likelihood.
  double add_expected(double frequency, std::vector<double>& expected);

 private:
  uint32_t character_length(uint32_t at) const;
  void clear(std::string_view text);
  void add(const Node& node);
  void finish();
  void backtrace();
  /// The numbers of the nodes that end or begin at a place, in the order they were added.
  std::span<const uint32_t> ending(uint32_t at) const {
    return {by_end_.data() + end_starts_[at], by_end_.data() + end_starts_[at + 1]};
  }
  std::span<const Node> beginning(uint32_t at) const {
    return {nodes_.data() + begin_starts_[at], nodes_.data() + begin_starts_[at + 1]};
  }

  std::string_view text_;
  std::vector<Node> nodes_;  // by begin, then length
  std::vector<uint32_t> begin_starts_, end_starts_, by_end_;
  std::vector<uint32_t> best_before_;  // of each place: the last node of the best path to it
  std::vector<double> best_score_;     // of the best path to each place
  std::vector<double> alpha_, beta_;
};

}  // namespace headrace::text
