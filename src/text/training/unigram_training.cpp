#include "text/training/unigram_training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "text/training/characters.h"
#include "text/training/piece_matches.h"
#include "text/training/seed_pieces.h"
#include "text/training/training_watch.h"

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
      : trainer_(trainer), words_(words), watch_(options), wanted_(trainer.vocab_size * 11 / 10) {}

  Result<UnigramModel> run() {
    HR_CHECK(find_required());
    watch_.progress("Suffix array seeds", 0, words_.size());
    HR_TRY(pieces_, seed_pieces(words_, trainer_.max_piece_length, trainer_.seed_size, trainer_.seeds_by_count, watch_));
    pieces_.insert(pieces_.begin(), {kUnknown, std::numeric_limits<double>::quiet_NaN()});
    for (const auto& [piece, score] : pieces_) scores_.push_back(score);
    left_.resize(pieces_.size());
    std::iota(left_.begin(), left_.end(), 0);
    for (size_t p = 0; p < kParts; ++p) matches_.emplace_back(words_, part_begin(p), part_begin(p + 1), kMostKept / kParts);
    watch_.progress("Suffix array seeds", words_.size(), words_.size());
    const size_t first = left_.size();
    for (;;) {
      for (uint32_t i = 0; i < trainer_.n_sub_iterations; ++i) {
        HR_TRY(const auto expected, expect());
        maximise(expected);
        watch_.progress("EM training", first - left_.size(), first - std::min(wanted_, first));
      }
      if (left_.size() <= wanted_) break;
      const size_t before = left_.size();
      HR_CHECK(prune());
      // Pieces without an alternative stay, however many are wanted. The reference would go on for ever.
      if (left_.size() == before && trainer_.n_sub_iterations == 0) break;
      if (left_.size() == before && ++idle_ == kMostIdle) break;
    }
    return finish();
  }

 private:
  static constexpr int kMostIdle = 20;
  static constexpr double kGone = -std::numeric_limits<double>::infinity();
  /// Matches of 8 bytes each; more are looked for in every pass.
  static constexpr size_t kMostKept = size_t{64} << 20;

  Result<void> find_required() {
    std::unordered_set<std::string_view> found;
    for (size_t n = 0; n < words_.size(); ++n) {
      for_each_character(words_.word(n), [&found](std::string_view character, bool, bool) { found.insert(character); });
    }
    required_.insert(found.begin(), found.end());
    for (const char32_t c : trainer_.initial_alphabet) required_.insert(spelled(c));
    if (required_.size() > trainer_.vocab_size) {
      return fail(ErrorKind::InvalidArgument, "The vocabulary is not large enough to contain all chars");
    }
    return {};
  }

  size_t part_begin(size_t p) const { return words_.size() * p / kParts; }
  bool is_left(uint32_t id) const { return scores_[id] > kGone; }

  /// Of the pieces that are left but the unknown one, which is never found in a text; their values are ids.
  PieceTrie trie() {
    return PieceTrie(pieces_.size(), [this](size_t id) -> std::string_view {
      return id > 0 && is_left(static_cast<uint32_t>(id)) ? pieces_[id].first : std::string_view();
    }, [this] { return watch_.check().has_value(); });
  }

  double unknown_score() const {
    double least = std::numeric_limits<double>::infinity();
    for (const uint32_t id : left_) {
      if (scores_[id] < least) least = scores_[id];
    }
    return least - kUnknownPenalty;
  }

  /// Goes through the words in parts: `visit(divisions, n, matches, sums)`, where sums are the part's; adds the sums up in order.
  template <class Visit>
  Result<std::vector<double>> summed(const PieceTrie& trie, const Visit& visit) {
    const PieceScores scores(scores_, unknown_score());
    std::vector<std::vector<double>> sums(kParts);
    HR_CHECK(watch_.parallel_for(kParts, 1, [&](size_t p, size_t) -> Result<void> {
      Divisions divisions(scores);
      sums[p].assign(pieces_.size(), 0);
      matches_[p].for_each_word(trie, [this](uint32_t id) { return is_left(id); }, [&](size_t n, std::span<const PieceMatch> matches) {
        visit(divisions, n, matches, std::span(sums[p]));
        return watch_.goes_on_at(n);
      });
      return {};
    }));
    for (size_t p = 1; p < kParts; ++p) {
      for (const uint32_t id : left_) sums[0][id] += sums[p][id];
    }
    return std::move(sums[0]);
  }

  /// How often each piece is expected in the words.
  Result<std::vector<double>> expect() {
    const bool kept = std::ranges::all_of(matches_, [](const PieceMatches& matches) { return matches.are_kept(); });
    const auto add = [this](Divisions& divisions, size_t n, std::span<const PieceMatch> matches, std::span<double> expected) {
      divisions.add_expected(matches, words_.word(n).size(), static_cast<double>(words_.count(n)), expected);
    };
    return summed(kept ? PieceTrie() : trie(), add);
  }

  /// The Bayesian variant of expectation and maximisation (a Dirichlet process prior): the
  /// digamma function makes rare pieces rarer.
  void maximise(const std::vector<double>& expected) {
    double sum = 0;
    std::erase_if(left_, [&](uint32_t id) {
      if (id == 0) return false;
      if (expected[id] < kLeastExpected) {
        scores_[id] = kGone;
        return true;
      }
      sum += expected[id];
      return false;
    });
    const double log_sum = digamma(sum);
    for (const uint32_t id : left_) {
      if (id > 0) scores_[id] = digamma(expected[id]) - log_sum;
    }
  }

  /// What a piece would fall into without itself.
  struct Alternative {
    bool needed = true;  // must stay even if it is on no word's best path
    std::vector<uint32_t> pieces;
  };

  /// By place in left_. A piece that is not even its own best division is not needed.
  Result<std::vector<Alternative>> alternatives(const PieceTrie& trie) {
    const PieceScores scores(scores_, unknown_score());
    std::vector<Alternative> found(left_.size());
    HR_CHECK(watch_.parallel_for(kParts, 1, [&](size_t part, size_t) -> Result<void> {
      Divisions divisions(scores);
      std::vector<PieceMatch> matches;
      for (size_t i = left_.size() * part / kParts; i < left_.size() * (part + 1) / kParts; ++i) {
        const uint32_t id = left_[i];
        if (!watch_.goes_on_at(i)) break;
        if (id == 0) continue;
        matches.clear();
        const std::string& piece = pieces_[id].first;
        PieceMatches::find(piece, trie, [](uint32_t) { return true; }, matches);
        const auto without = divisions.best(matches, piece.size(), id);
        if (without.empty()) continue;
        if (divisions.best_score() > scores_[id]) {
          found[i].needed = false;
        } else {
          found[i].pieces.assign(without.rbegin(), without.rend());
        }
      }
      return {};
    }));
    return found;
  }

  /// Drops the pieces that the words' likelihood would miss the least.
  Result<void> prune() {
    const PieceTrie trie = this->trie();
    HR_TRY(const std::vector<Alternative> alternatives, this->alternatives(trie));
    HR_TRY(const std::vector<double> used,
           summed(trie, [this](Divisions& divisions, size_t n, std::span<const PieceMatch> matches, std::span<double> frequency) {
             for (const uint32_t id : divisions.best(matches, words_.word(n).size())) frequency[id] += static_cast<double>(words_.count(n));
           }));
    double all_words = 0, sum = 0;
    for (size_t n = 0; n < words_.size(); ++n) all_words += static_cast<double>(words_.count(n));
    for (const uint32_t id : left_) sum += used[id];
    std::vector<uint32_t> kept{0};
    std::vector<std::pair<uint32_t, double>> candidates;  // and what each one is worth
    for (size_t i = 0; i < left_.size(); ++i) {
      const uint32_t id = left_[i];
      const auto& [needed, alternative] = alternatives[i];
      if (id == 0 || (used[id] == 0 && !needed)) continue;
      if (alternative.empty()) {
        kept.push_back(id);
      } else if (used[id] != 0) {
        candidates.emplace_back(id, loss(used, id, alternative, sum) * (used[id] / all_words));
      }
    }
    const auto shrunk = static_cast<size_t>(static_cast<double>(left_.size()) * trainer_.shrinking_factor);
    const size_t size = std::max(wanted_, shrunk);
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const auto& [id, worth] : candidates) {
      if (kept.size() == size) break;
      kept.push_back(id);
    }
    keep(std::move(kept));
    return {};
  }

  void keep(std::vector<uint32_t> ids) {
    std::vector<double> scores(scores_.size(), kGone);
    for (const uint32_t id : ids) scores[id] = scores_[id];
    scores_ = std::move(scores);
    left_ = std::move(ids);
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
    for (const uint32_t id : left_) {
      scores[pieces_[id].first] = scores_[id];
      if (scores_[id] < least) least = scores_[id];
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
    std::vector<uint32_t> ranked = left_;
    if (trainer_.seeds_by_count) {
      std::stable_sort(ranked.begin() + 1, ranked.end(), [this](uint32_t a, uint32_t b) { return scores_[a] > scores_[b]; });
    }
    for (const uint32_t id : ranked) {
      const std::string& piece = pieces_[id].first;
      if (!there.insert(piece).second) continue;
      pieces.emplace_back(piece, std::isnan(scores_[id]) ? 0 : scores_[id]);
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
  TrainingWatch watch_;
  const size_t wanted_;         // pieces at which pruning ends
  Pieces pieces_;               // by id, those that are gone as well; 0: the unknown one
  std::vector<double> scores_;  // by id; kGone
  std::vector<uint32_t> left_;  // ids of the pieces that are left, in their order
  std::vector<PieceMatches> matches_;  // of the words' parts
  std::set<std::string, std::less<>> required_;
  int idle_ = 0;
};

}  // namespace

Result<UnigramModel> train_unigram(const UnigramTrainer& trainer, const WordCounts& words, const TrainingOptions& options) {
  return UnigramTraining(trainer, words, options).run();
}

}  // namespace headrace::text
