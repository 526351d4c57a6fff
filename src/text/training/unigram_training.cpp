#include "text/training/unigram_training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/thread_pool.h"
#include "text/components/models/lattice.h"
#include "text/training/characters.h"
#include "text/training/seed_pieces.h"

namespace headrace::text {
namespace {

using Pieces = std::vector<std::pair<std::string, double>>;

/// Sums over the words are made in so many parts and joined in order, whatever the number
/// of threads: the same sums on every machine.
constexpr size_t kParts = 8;
constexpr double kUnknownPenalty = 10;
constexpr double kLeastExpected = 0.5;  // pieces that are expected less often are dropped
constexpr const char* kUnknown = "<UNK>";  // piece 0 while training, whatever the model's is called

/// The derivative of log Γ, by its asymptotic series beyond 7.
double digamma(double x) {
  double result = 0;
  for (; x < 7; ++x) result -= 1 / x;
  x -= 0.5;
  const double inverse = 1 / x, square = inverse * inverse, fourth = square * square;
  return result + std::log(x) + (1.0 / 24.0) * square - 7.0 / 960.0 * fourth + (31.0 / 8064.0) * fourth * square -
         (127.0 / 30720.0) * fourth * fourth;
}

class UnigramTraining {
 public:
  UnigramTraining(const UnigramTrainer& trainer, const WordCounts& words, const TrainingOptions& options)
      : trainer_(trainer), words_(words), options_(options), wanted_(trainer.vocab_size * 11 / 10) {}

  Result<UnigramModel> run() {
    HR_CHECK(find_required());
    progress("Suffix array seeds", 0, words_.size());
    pieces_ = seed_pieces(words_, trainer_.max_piece_length, trainer_.seed_size);
    pieces_.insert(pieces_.begin(), {kUnknown, std::numeric_limits<double>::quiet_NaN()});
    progress("Suffix array seeds", words_.size(), words_.size());
    for (;;) {
      for (uint32_t i = 0; i < trainer_.n_sub_iterations; ++i) {
        maximise(expect());
        progress("EM training", 0, pieces_.size());
      }
      if (pieces_.size() <= wanted_) break;
      const size_t before = pieces_.size();
      prune();
      // Pieces without an alternative stay, however many are wanted. The reference would go on for ever.
      if (pieces_.size() == before && trainer_.n_sub_iterations == 0) break;
      if (pieces_.size() == before && ++idle_ == kMostIdle) break;
    }
    return finish();
  }

 private:
  static constexpr int kMostIdle = 20;

  void progress(std::string_view step, size_t done, size_t total) const {
    if (options_.progress) options_.progress(step, done, total);
  }

  Result<void> find_required() {
    for (size_t n = 0; n < words_.size(); ++n) {
      for_each_character(words_.word(n), [this](std::string_view character, bool, bool) {
        if (!required_.contains(character)) required_.emplace(character);
      });
    }
    for (const char32_t c : trainer_.initial_alphabet) required_.insert(spelled(c));
    if (required_.size() > trainer_.vocab_size) {
      return fail(ErrorKind::InvalidArgument, "The vocabulary is not large enough to contain all chars");
    }
    return {};
  }

  /// The unknown piece is never found in a text.
  PieceTrie trie() const {
    return PieceTrie(pieces_.size(), [this](size_t n) -> std::string_view { return n == 0 ? std::string_view() : pieces_[n].first; });
  }

  double unknown_score() const {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& [piece, score] : pieces_) {
      if (score < least) least = score;
    }
    return least - kUnknownPenalty;
  }

  void fill(Lattice& lattice, std::string_view text, const PieceTrie& trie, double unknown) const {
    lattice.fill(text, trie, [this](uint32_t id) { return pieces_[id].second; }, 0, unknown);
  }

  /// Runs `part(begin, end, sums)` over parts of [0, count) and adds up the sums in order.
  template <class Part>
  std::vector<double> summed(size_t count, const Part& part) const {
    std::vector<std::vector<double>> sums(kParts);
    ThreadPool& pool = options_.pool ? *options_.pool : ThreadPool::process();
    pool.parallel_for(kParts, 1, [&](size_t first, size_t last) {
      for (size_t p = first; p < last; ++p) {
        sums[p].assign(pieces_.size(), 0);
        part(count * p / kParts, count * (p + 1) / kParts, sums[p]);
      }
    });
    for (size_t p = 1; p < kParts; ++p) {
      for (size_t id = 0; id < pieces_.size(); ++id) sums[0][id] += sums[p][id];
    }
    return std::move(sums[0]);
  }

  /// How often each piece is expected in the words.
  std::vector<double> expect() const {
    const PieceTrie trie = this->trie();
    const double unknown = unknown_score();
    return summed(words_.size(), [&](size_t begin, size_t end, std::vector<double>& expected) {
      Lattice lattice;
      for (size_t n = begin; n < end; ++n) {
        if (words_.word(n).empty()) continue;
        fill(lattice, words_.word(n), trie, unknown);
        lattice.add_expected(static_cast<double>(words_.count(n)), expected);
      }
    });
  }

  /// The Bayesian variant of expectation and maximisation (a Dirichlet process prior): the
  /// digamma function makes rare pieces rarer.
  void maximise(const std::vector<double>& expected) {
    Pieces kept;
    double sum = 0;
    for (size_t id = 0; id < pieces_.size(); ++id) {
      if (id > 0 && expected[id] < kLeastExpected) continue;
      kept.emplace_back(std::move(pieces_[id].first), id == 0 ? std::numeric_limits<double>::quiet_NaN() : expected[id]);
      if (id > 0) sum += expected[id];
    }
    const double log_sum = digamma(sum);
    for (size_t id = 1; id < kept.size(); ++id) kept[id].second = digamma(kept[id].second) - log_sum;
    pieces_ = std::move(kept);
  }

  /// What a piece would fall into without itself: its second best division, unless it is
  /// not even its own best.
  struct Division {
    bool needed = true;  // must stay even if it is on no word's best path
    std::vector<uint32_t> alternative;
  };

  std::vector<Division> divisions(const PieceTrie& trie, double unknown) const {
    std::vector<Division> found(pieces_.size());
    ThreadPool& pool = options_.pool ? *options_.pool : ThreadPool::process();
    pool.parallel_for(pieces_.size(), 1024, [&](size_t begin, size_t end) {
      Lattice lattice;
      for (size_t id = std::max<size_t>(begin, 1); id < end; ++id) {
        fill(lattice, pieces_[id].first, trie, unknown);
        const auto paths = lattice.best(size_t{2});
        if (paths.size() < 2) continue;
        if (paths[0].first.size() >= 2) {
          found[id].needed = false;
        } else {
          for (const uint32_t n : paths[1].first) found[id].alternative.push_back(lattice.nodes()[n].id);
        }
      }
    });
    return found;
  }

  /// Drops the pieces that the words' likelihood would miss the least.
  void prune() {
    const PieceTrie trie = this->trie();
    const double unknown = unknown_score();
    const std::vector<Division> divisions = this->divisions(trie, unknown);
    const std::vector<double> used = summed(words_.size(), [&](size_t begin, size_t end, std::vector<double>& frequency) {
      Lattice lattice;
      for (size_t n = begin; n < end; ++n) {
        fill(lattice, words_.word(n), trie, unknown);
        for (const uint32_t node : lattice.best()) frequency[lattice.nodes()[node].id] += static_cast<double>(words_.count(n));
      }
    });
    double all_words = 0, sum = 0;
    for (size_t n = 0; n < words_.size(); ++n) all_words += static_cast<double>(words_.count(n));
    for (const double frequency : used) sum += frequency;
    Pieces kept{pieces_[0]};
    std::vector<std::pair<uint32_t, double>> candidates;  // and what each one is worth
    for (uint32_t id = 1; id < pieces_.size(); ++id) {
      const auto& [needed, alternative] = divisions[id];
      if (used[id] == 0 && !needed) continue;
      if (alternative.empty()) {
        kept.push_back(pieces_[id]);
      } else if (used[id] != 0) {
        candidates.emplace_back(id, loss(used, id, alternative, sum) * (used[id] / all_words));
      }
    }
    const auto shrunk = static_cast<size_t>(static_cast<double>(pieces_.size()) * trainer_.shrinking_factor);
    const size_t size = std::max(wanted_, shrunk);
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const auto& [id, worth] : candidates) {
      if (kept.size() == size) break;
      kept.push_back(pieces_[id]);
    }
    pieces_ = std::move(kept);
  }

  /// How much log probability one occurrence of a piece loses when its alternative takes
  /// its place, with the frequencies that they would then have.
  static double loss(const std::vector<double>& used, uint32_t id, const std::vector<uint32_t>& alternative, double sum) {
    const double own = std::log(used[id]) - std::log(sum);
    const double sum_without = std::log(sum + used[id] * static_cast<double>(alternative.size() - 1));
    double other = 0;
    for (const uint32_t piece : alternative) other += std::log(used[piece] + used[id]) - sum_without;
    return own - other;
  }

  UnigramModel finish() const {
    constexpr double kStep = 0.0001;
    Pieces pieces;
    std::unordered_set<std::string_view> there{kUnknown};
    std::unordered_map<std::string_view, double> scores;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& [piece, score] : pieces_) {
      scores[piece] = score;
      if (score < least) least = score;
    }
    double penalty = 0;
    for (const std::string& character : required_) {
      const auto found = scores.find(character);
      if (found != scores.end()) {
        pieces.emplace_back(character, found->second);
      } else {
        pieces.emplace_back(character, least + penalty);
        penalty += kStep;
      }
      there.insert(character);
    }
    std::optional<size_t> unk_id;
    bool add_unknown = false;
    if (trainer_.unk_token) {
      const auto found = std::find_if(trainer_.special_tokens.begin(), trainer_.special_tokens.end(),
                                      [this](const AddedToken& token) { return token.content == *trainer_.unk_token; });
      add_unknown = found == trainer_.special_tokens.end();
      unk_id = add_unknown ? 0 : static_cast<size_t>(found - trainer_.special_tokens.begin());
    }
    const size_t room = trainer_.vocab_size - trainer_.special_tokens.size() - (add_unknown ? 1 : 0);
    for (const auto& [piece, score] : pieces_) {
      if (!there.insert(piece).second) continue;
      pieces.emplace_back(piece, std::isnan(score) ? 0 : score);
      if (pieces.size() == room) break;
    }
    std::stable_sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    Pieces special;
    if (add_unknown) special.emplace_back(*trainer_.unk_token, 0.0);
    for (const AddedToken& token : trainer_.special_tokens) special.emplace_back(token.content, 0.0);
    pieces.insert(pieces.begin(), std::make_move_iterator(special.begin()), std::make_move_iterator(special.end()));
    UnigramModel model;
    model.pieces = std::make_shared<const Pieces>(std::move(pieces));
    model.unk_id = unk_id;
    return model;
  }

  const UnigramTrainer& trainer_;
  const WordCounts& words_;
  const TrainingOptions& options_;
  const size_t wanted_;  // pieces at which pruning ends
  Pieces pieces_;        // 0: the unknown one
  std::set<std::string, std::less<>> required_;
  int idle_ = 0;
};

}  // namespace

Result<UnigramModel> train_unigram(const UnigramTrainer& trainer, const WordCounts& words, const TrainingOptions& options) {
  return UnigramTraining(trainer, words, options).run();
}

}  // namespace headrace::text
