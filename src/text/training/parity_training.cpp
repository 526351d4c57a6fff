#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <queue>
#include <unordered_map>

#include "text/components/models/merge_table.h"
#include "text/training.h"
#include "text/training/characters.h"
#include "text/training/pair_counts.h"
#include "text/training/training_vocabulary.h"
#include "text/training/training_watch.h"
#include "text/training/word_merging.h"
#include "text/training/word_symbols.h"

namespace headrace::text {
namespace {

constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

uint32_t left_of(uint64_t pair) { return static_cast<uint32_t>(pair >> 32); }
uint32_t right_of(uint64_t pair) { return static_cast<uint32_t>(pair); }

/// Pairs by how often they are seen, then by spelling. What a count was when a pair was pushed is
/// corrected when the pair comes to the top.
class PairQueue {
 public:
  explicit PairQueue(const TrainingVocabulary& vocabulary) : queue_(Less{&vocabulary}) {}

  void push(uint64_t pair, int64_t count) {
    if (count > 0) queue_.push({count, pair});
  }
  /// Takes the first pair out; none when all counts are zero.
  std::optional<std::pair<uint64_t, int64_t>> pop(const PairCounts& counts) {
    while (!queue_.empty()) {
      const auto [count, pair] = queue_.top();
      queue_.pop();
      const int64_t now = counts.at(pair);
      if (now == count) return std::pair(pair, count);
      push(pair, now);
    }
    return std::nullopt;
  }

 private:
  struct Entry {
    int64_t count;
    uint64_t pair;
  };
  struct Less {
    const TrainingVocabulary* vocabulary;
    bool operator()(const Entry& a, const Entry& b) const {
      if (a.count != b.count) return a.count < b.count;
      if (left_of(a.pair) != left_of(b.pair)) return vocabulary->spelling(left_of(a.pair)) < vocabulary->spelling(left_of(b.pair));
      return vocabulary->spelling(right_of(a.pair)) < vocabulary->spelling(right_of(b.pair));
    }
  };
  std::priority_queue<Entry, std::vector<Entry>, Less> queue_;
};

/// The words of one language, in which pairs merge.
class Corpus {
 public:
  explicit Corpus(size_t longest) : longest_(longest) {}

  void add(std::span<const uint32_t> symbols, uint64_t count) {
    length_ += static_cast<int64_t>(symbols.size() * count);
    if (symbols.size() < 2) return;  // nothing in it will ever merge
    words_.push_back({symbols_.size(), static_cast<uint32_t>(symbols.size()), static_cast<int64_t>(count)});
    symbols_.insert(symbols_.end(), symbols.begin(), symbols.end());
  }

  Result<void> count_pairs(TrainingWatch& watch) {
    if (longest_ != kUnlimited) lengths_.assign(symbols_.size(), 1);
    for (uint32_t w = 0; w < words_.size(); ++w) {
      HR_CHECK(watch.check_at(w));
      const uint32_t* symbols = symbols_.data() + words_[w].begin;
      for (uint32_t i = 0; i + 1 < words_[w].length; ++i) bear(symbols[i], symbols[i + 1], w);
    }
    return {};
  }

  const PairCounts& counts() const { return counts_; }
  /// Symbols of all words together.
  int64_t length() const { return length_; }

  /// Makes a merge in all words where its pair was counted, and appends the pairs whose counts change.
  Result<void> merge(const WordMerge& merge, TrainingWatch& watch, std::vector<uint64_t>& changed) {
    const uint64_t pair = PairCounts::key(merge.left, merge.right);
    const auto found = places_.extract(pair);
    if (found.empty()) return {};
    // A word may be there twice, from different merges.
    std::vector<uint32_t>& places = found.mapped();
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (size_t i = 0; i < places.size(); ++i) {
      HR_CHECK(watch.check_at(i));
      merge_in(places[i], merge, changed);
    }
    counts_[pair] = 0;
    changed.push_back(pair);
    return {};
  }

 private:
  struct Word {
    uint64_t begin;  // of its symbols
    uint32_t length;
    int64_t count;
  };

  void merge_in(uint32_t w, const WordMerge& merge, std::vector<uint64_t>& changed) {
    Word& word = words_[w];
    uint32_t* lengths = lengths_.empty() ? nullptr : lengths_.data() + word.begin;
    const uint32_t before = word.length;
    word.length = merge_in_word(
        symbols_.data() + word.begin, lengths, before, merge, longest_,
        [&](uint32_t left, uint32_t right) {
          counts_[PairCounts::key(left, right)] -= word.count;
          changed.push_back(PairCounts::key(left, right));
        },
        [&](uint32_t left, uint32_t right) {
          bear(left, right, w);
          changed.push_back(PairCounts::key(left, right));
        });
    length_ -= int64_t{before - word.length} * word.count;
  }

  void bear(uint32_t left, uint32_t right, uint32_t w) {
    const uint64_t pair = PairCounts::key(left, right);
    counts_[pair] += words_[w].count;
    std::vector<uint32_t>& places = places_[pair];
    if (places.empty() || places.back() != w) places.push_back(w);
  }

  const size_t longest_;
  std::vector<uint32_t> symbols_;
  std::vector<uint32_t> lengths_;  // of symbols, in characters; only when a length limits
  std::vector<Word> words_;
  PairCounts counts_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> places_;  // the words that pairs are in, or were
  int64_t length_ = 0;
};

/// Which language the next merge is for.
class LanguageChoice {
 public:
  LanguageChoice(const ParityBpeTrainer& trainer, size_t languages)
      : window_(trainer.variant == ParityBpeTrainer::Variant::Window ? trainer.window_size : 0),
        share_(trainer.alpha / static_cast<double>(languages)),
        times_(languages) {}

  /// The language with the greatest need that is below its share; of equal ones the first. The least of all needs is of those
  /// that have no pairs left: one of these comes out only where there is no other.
  template <class Need>
  size_t next(const std::vector<Need>& needs) {
    const size_t chosen = window_ == 0 ? greatest(needs, {}) : within_shares(needs);
    if (window_ > 0) remember(chosen);
    return chosen;
  }
  template <class Need>
  static constexpr Need kLeast = std::is_floating_point_v<Need> ? -std::numeric_limits<Need>::infinity() : std::numeric_limits<Need>::min();

 private:
  template <class Need>
  static size_t greatest(const std::vector<Need>& needs, const std::vector<bool>& passed) {
    size_t best = 0;
    Need most = kLeast<Need>;
    for (size_t i = 0; i < needs.size(); ++i) {
      if ((passed.empty() || !passed[i]) && needs[i] > most) best = i, most = needs[i];
    }
    return best;
  }

  template <class Need>
  size_t within_shares(const std::vector<Need>& needs) const {
    std::vector<bool> passed(needs.size());
    for (size_t left = needs.size(); left > 0; --left) {
      const size_t best = greatest(needs, passed);
      if (static_cast<double>(times_[best]) / static_cast<double>(window_) <= share_) return best;
      if (passed[best]) break;  // those that are left need nothing
      passed[best] = true;
      if (left == 1) return best;
    }
    return greatest(needs, {});
  }

  void remember(size_t chosen) {
    recent_.push_back(chosen);
    ++times_[chosen];
    if (recent_.size() <= window_) return;
    --times_[recent_.front()];
    recent_.pop_front();
  }

  const size_t window_;
  const double share_;
  std::deque<size_t> recent_;
  std::vector<size_t> times_;  // by language, in `recent_`
};

class ParityTraining {
 public:
  ParityTraining(const ParityBpeTrainer& trainer, const LanguageWords& words, const TrainingOptions& options)
      : trainer_(trainer), words_(words), watch_(options), by_ratio_(trainer.ratio && words.held_out.empty()),
        choice_(trainer, words.training.size()), all_queue_(vocabulary_) {}

  Result<TrainedModel> run() {
    HR_CHECK(check());
    for (const AddedToken& token : trainer_.special_tokens) vocabulary_.add(token.content);
    std::vector<const WordCounts*> corpora;
    for (const WordCounts& language : words_.training) corpora.push_back(&language);
    for (const WordCounts& language : words_.held_out) corpora.push_back(&language);
    HR_CHECK(check_counts(corpora));
    HR_CHECK(add_alphabet(vocabulary_, corpora, trainer_.initial_alphabet, trainer_.limit_alphabet, watch_));
    HR_CHECK(split_words());
    HR_CHECK(count_pairs());
    HR_CHECK(merge_pairs());
    return result();
  }

 private:
  size_t languages() const { return words_.training.size(); }

  Result<void> check() const {
    if (languages() == 0) return fail(ErrorKind::InvalidArgument, "No language data has been fed");
    if (trainer_.ratio && trainer_.ratio->size() != languages()) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("ratio length ({}) does not match number of languages ({})", trainer_.ratio->size(), languages()));
    }
    if (!words_.held_out.empty() && words_.held_out.size() != languages()) {
      return fail(ErrorKind::InvalidArgument, fmt::format("there are held-out words of {} languages and training words of {}",
                                                          words_.held_out.size(), languages()));
    }
    if (trainer_.variant == ParityBpeTrainer::Variant::Window) {
      if (trainer_.window_size == 0) return fail(ErrorKind::InvalidArgument, "window_size must be > 0 when variant is Window");
      if (!is_positive(trainer_.alpha)) {
        return fail(ErrorKind::InvalidArgument,
                    fmt::format("alpha must be a positive finite number when variant is Window (got {})", trainer_.alpha));
      }
    }
    for (size_t i = 0; trainer_.ratio && i < trainer_.ratio->size(); ++i) {
      const double ratio = (*trainer_.ratio)[i];
      if (!is_positive(ratio)) {
        return fail(ErrorKind::InvalidArgument, fmt::format("ratio[{}] must be a positive finite number (got {})", i, ratio));
      }
    }
    return {};
  }
  static bool is_positive(double value) { return std::isfinite(value) && value > 0; }

  Result<void> split_words() {
    watch_.progress("Tokenize words", 0, 0);
    WordSymbols symbols(vocabulary_, {trainer_.continuing_subword_prefix, trainer_.end_of_word_suffix});
    std::vector<uint32_t> word;
    for (const WordCounts& language : words_.training) {
      Corpus& corpus = training_.emplace_back(trainer_.max_token_length.value_or(kUnlimited));
      for (const uint32_t n : symbols.order(language)) {
        HR_CHECK(watch_.check_at(n));
        word.clear();
        for_each_character(language.word(n), [&](std::string_view text, bool first, bool last) {
          if (const uint32_t symbol = symbols.add(text, first, last); symbol != WordSymbols::kNone) word.push_back(symbol);
        });
        corpus.add(word, language.count(n));
      }
    }
    // Held-out words count only if all of their symbols are known from training; their tokens may have any length.
    for (const WordCounts& language : words_.held_out) {
      Corpus& corpus = held_out_.emplace_back(kUnlimited);
      for (size_t n = 0; n < language.size(); ++n) {
        HR_CHECK(watch_.check_at(n));
        word.clear();
        bool known = true;
        for_each_character(language.word(n), [&](std::string_view text, bool first, bool last) {
          word.push_back(symbols.find(text, first, last));
          known = known && word.back() != WordSymbols::kNone;
        });
        if (known) corpus.add(word, language.count(n));
      }
    }
    return {};
  }

  Result<void> count_pairs() {
    watch_.progress("Count pairs", 0, 0);
    for (Corpus& corpus : held_out_) HR_CHECK(corpus.count_pairs(watch_));
    for (Corpus& corpus : training_) {
      HR_CHECK(corpus.count_pairs(watch_));
      PairQueue& queue = queues_.emplace_back(vocabulary_);
      corpus.counts().for_each([&](uint64_t pair, int64_t count) {
        queue.push(pair, count);
        if (trainer_.global_merges > 0) all_counts_[pair] += count;
      });
      first_lengths_.push_back(corpus.length());
    }
    all_counts_.for_each([this](uint64_t pair, int64_t count) { all_queue_.push(pair, count); });
    return {};
  }

  Result<void> merge_pairs() {
    size_t target = trainer_.num_merges;
    if (trainer_.total_symbols) target -= std::min(target, vocabulary_.size());
    exhausted_.assign(languages(), false);
    size_t passed_over = 0;  // times in a row that a language without pairs was chosen
    while (merges_.size() < target && std::find(exhausted_.begin(), exhausted_.end(), false) != exhausted_.end()) {
      if (merges_.size() % 64 == 0) watch_.progress("Compute merges", merges_.size(), target);
      const bool for_all = merges_.size() < trainer_.global_merges;
      const size_t language = for_all ? 0 : next_language();
      const auto best = for_all ? all_queue_.pop(all_counts_) : queues_[language].pop(training_[language].counts());
      if (best && static_cast<uint64_t>(best->second) >= trainer_.min_frequency) {
        HR_CHECK(merge(best->first));
        passed_over = 0;
        continue;
      }
      // Once a window holds nothing but such languages, nothing changes any more: the others have no words.
      if (for_all || (exhausted_[language] && passed_over++ > window())) break;
      exhausted_[language] = true;
    }
    watch_.progress("Compute merges", merges_.size(), merges_.size());
    return {};
  }
  size_t window() const { return trainer_.variant == ParityBpeTrainer::Variant::Window ? trainer_.window_size : 0; }

  size_t next_language() {
    if (!by_ratio_) {
      const std::vector<Corpus>& corpora = held_out_.empty() ? training_ : held_out_;
      std::vector<int64_t> lengths;
      for (size_t i = 0; i < languages(); ++i) {
        lengths.push_back(exhausted_[i] ? LanguageChoice::kLeast<int64_t> : corpora[i].length());
      }
      return choice_.next(lengths);
    }
    std::vector<double> needs;
    for (size_t i = 0; i < languages(); ++i) {
      const double rate = static_cast<double>(first_lengths_[i]) / static_cast<double>(training_[i].length());
      needs.push_back(exhausted_[i] ? LanguageChoice::kLeast<double> : -(rate / (*trainer_.ratio)[i]));
    }
    return choice_.next(needs);
  }

  Result<void> merge(uint64_t pair) {
    HR_CHECK(watch_.check());
    const uint32_t joined =
        vocabulary_.add(joined_spelling(vocabulary_, left_of(pair), right_of(pair), trainer_.continuing_subword_prefix));
    const WordMerge merge{left_of(pair), right_of(pair), joined};
    merges_.push_back({merge.left, merge.right, joined});
    const bool counts_all = merges_.size() < trainer_.global_merges;
    std::vector<uint64_t> changed, changed_anywhere;
    for (size_t i = 0; i < languages(); ++i) {
      changed.clear();
      HR_CHECK(training_[i].merge(merge, watch_, changed));
      std::sort(changed.begin(), changed.end());
      changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
      for (const uint64_t one : changed) queues_[i].push(one, training_[i].counts().at(one));
      if (counts_all) changed_anywhere.insert(changed_anywhere.end(), changed.begin(), changed.end());
    }
    for (const uint64_t one : changed_anywhere) {
      int64_t total = 0;
      for (const Corpus& corpus : training_) total += corpus.counts().at(one);
      all_counts_[one] = std::max<int64_t>(total, 0);
      all_queue_.push(one, total);
    }
    for (Corpus& corpus : held_out_) {
      changed.clear();
      HR_CHECK(corpus.merge(merge, watch_, changed));
    }
    return {};
  }

  Result<TrainedModel> result() {
    std::vector<std::pair<std::string, TokenId>> tokens;
    tokens.reserve(vocabulary_.size());
    for (uint32_t id = 0; id < vocabulary_.size(); ++id) tokens.emplace_back(vocabulary_.spelling(id), static_cast<TokenId>(id));
    BpeModel model;
    model.continuing_subword_prefix = trainer_.continuing_subword_prefix;
    model.end_of_word_suffix = trainer_.end_of_word_suffix;
    HR_TRY(model.vocabulary, make_token_table(std::move(tokens)));
    model.merges = MergeTable::of(std::move(merges_));
    return TrainedModel{{std::move(model)}, trainer_.special_tokens};
  }

  const ParityBpeTrainer& trainer_;
  const LanguageWords& words_;
  TrainingWatch watch_;
  const bool by_ratio_;
  LanguageChoice choice_;
  TrainingVocabulary vocabulary_;
  std::vector<Corpus> training_, held_out_;  // by language
  std::vector<PairQueue> queues_;
  std::vector<int64_t> first_lengths_;
  PairCounts all_counts_;  // of all languages together, while merges are for all
  PairQueue all_queue_;
  std::vector<bool> exhausted_;
  std::vector<MergeTable::Entry> merges_;
};

}  // namespace

Result<TrainedModel> train(const ParityBpeTrainer& trainer, const LanguageWords& words, const TrainingOptions& options) {
  return ParityTraining(trainer, words, options).run();
}

}  // namespace headrace::text
