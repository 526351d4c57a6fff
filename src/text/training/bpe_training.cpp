#include "text/training/bpe_training.h"

#include <algorithm>
#include <limits>

#include "text/training/characters.h"
#include "text/training/pair_counts.h"
#include "text/training/training_watch.h"
#include "text/training/training_vocabulary.h"
#include "text/training/word_merging.h"
#include "text/training/word_symbols.h"

namespace headrace::text {
namespace {

/// The places where a pair was found, waiting for their turn. A pair that comes into being
/// again, because a token can be made in several ways, has another entry of its own: both
/// the order of merges and the counts that are left over follow the reference in this.
struct Candidate {
  int64_t count;
  uint64_t pair;
  uint64_t words;   // begin of its list in the pool
  uint32_t length;  // of the list
  uint32_t age;

  /// For a heap whose top is next: the highest count, then the smallest ids.
  friend bool operator<(const Candidate& a, const Candidate& b) {
    if (a.count != b.count) return a.count < b.count;
    return a.pair != b.pair ? a.pair > b.pair : a.age > b.age;
  }
};

class PairTraining {
 public:
  PairTraining(const BpeTrainer& trainer, const WordCounts& words, const TrainingOptions& options)
      : trainer_(trainer), words_(words), watch_(options), longest_(trainer.max_token_length.value_or(kUnlimited)) {}

  Result<TrainedPairs> run() {
    const WordCounts* const corpora[] = {&words_};
    HR_CHECK(check_counts(corpora));
    for (const AddedToken& token : trainer_.special_tokens) vocabulary_.add(token.content);
    HR_CHECK(add_alphabet(vocabulary_, corpora, trainer_.initial_alphabet, trainer_.limit_alphabet, watch_));
    HR_CHECK(split_words());
    HR_CHECK(count_pairs());
    HR_CHECK(merge_pairs());
    return result();
  }

 private:
  static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();
  static constexpr uint64_t kAhead = 16;

  struct Word {
    uint64_t begin;  // of its symbols
    uint32_t length;
  };
  /// A pair that a merge has made in a word.
  struct Born {
    uint64_t pair;
    uint32_t word;
    bool operator==(const Born&) const = default;
    bool operator<(const Born& other) const { return pair != other.pair ? pair < other.pair : word < other.word; }
  };

  Result<void> split_words() {
    WordSymbols symbols(vocabulary_, {trainer_.continuing_subword_prefix, trainer_.end_of_word_suffix});
    split_.reserve(words_.size());
    counts_.reserve(words_.size());
    for (const uint32_t n : symbols.order(words_)) {
      HR_CHECK(watch_.check_at(split_.size()));
      const uint64_t begin = symbols_.size();
      for_each_character(words_.word(n), [&](std::string_view text, bool first, bool last) {
        if (const uint32_t symbol = symbols.add(text, first, last); symbol != WordSymbols::kNone) symbols_.push_back(symbol);
      });
      const uint64_t length = symbols_.size() - begin;
      if (length < 2) {
        symbols_.resize(begin);  // nothing in it will ever merge
        continue;
      }
      split_.push_back({begin, static_cast<uint32_t>(length)});
      counts_.push_back(static_cast<int64_t>(words_.count(n)));
    }
    if (longest_ != kUnlimited) lengths_.assign(symbols_.size(), 1);
    return {};
  }

  /// Two passes: how many words each pair is in, then which.
  Result<void> count_pairs() {
    PairCounts places;
    std::vector<uint64_t> pairs;
    watch_.progress("Count pairs", 0, split_.size());
    HR_CHECK(for_each_pair([&](uint64_t pair, uint32_t w) {
      pair_counts_[pair] += counts_[w];
      if (places[pair]++ == 0) pairs.push_back(pair);
    }));
    watch_.progress("Count pairs", split_.size(), split_.size());
    std::sort(pairs.begin(), pairs.end());
    int64_t end = 0;
    for (const uint64_t pair : pairs) {
      const int64_t length = places[pair];
      queue_.push_back({pair_counts_[pair], pair, static_cast<uint64_t>(end), 0, age_++});
      places[pair] = static_cast<int64_t>(queue_.size()) - 1;
      end += length;
    }
    pool_.resize(static_cast<size_t>(end));
    HR_CHECK(for_each_pair([&](uint64_t pair, uint32_t w) {
      Candidate& candidate = queue_[static_cast<size_t>(places[pair])];
      uint32_t* list = pool_.data() + candidate.words;
      if (candidate.length == 0 || list[candidate.length - 1] != w) list[candidate.length++] = w;
    }));
    std::erase_if(queue_, [](const Candidate& candidate) { return candidate.count <= 0; });
    std::make_heap(queue_.begin(), queue_.end());
    return {};
  }

  template <class F>
  Result<void> for_each_pair(const F& f) {
    for (uint32_t w = 0; w < split_.size(); ++w) {
      HR_CHECK(watch_.check_at(w));
      const uint32_t* symbols = symbols_.data() + split_[w].begin;
      for (uint32_t i = 0; i + 1 < split_[w].length; ++i) f(PairCounts::key(symbols[i], symbols[i + 1]), w);
    }
    return {};
  }

  /// Makes a candidate of each pair, at the end of queue_.
  void push(std::vector<Born>& born) {
    std::sort(born.begin(), born.end());
    born.erase(std::unique(born.begin(), born.end()), born.end());
    for (size_t i = 0; i < born.size();) {
      const uint64_t pair = born[i].pair;
      size_t end = i;
      while (end < born.size() && born[end].pair == pair) ++end;
      const int64_t count = pair_counts_[pair];
      if (count > 0) {
        queue_.push_back({count, pair, pool_.size(), static_cast<uint32_t>(end - i), age_++});
        for (size_t k = i; k < end; ++k) pool_.push_back(born[k].word);
      }
      i = end;
    }
  }

  Candidate pop() {
    std::pop_heap(queue_.begin(), queue_.end());
    const Candidate top = queue_.back();
    queue_.pop_back();
    return top;
  }

  Result<void> merge_pairs() {
    watch_.progress("Compute merges", vocabulary_.size(), trainer_.vocab_size);
    std::vector<Born> born;
    while (vocabulary_.size() < trainer_.vocab_size && !queue_.empty()) {
      Candidate top = pop();
      const int64_t count = pair_counts_[top.pair];
      if (top.count != count) {
        if (count <= 0) continue;
        top.count = count;
        queue_.push_back(top);
        std::push_heap(queue_.begin(), queue_.end());
        continue;
      }
      if (static_cast<uint64_t>(count) < trainer_.min_frequency) break;
      const auto left = static_cast<uint32_t>(top.pair >> 32), right = static_cast<uint32_t>(top.pair);
      const uint32_t joined = vocabulary_.add(joined_spelling(vocabulary_, left, right, trainer_.continuing_subword_prefix));
      merges_.push_back({left, right, joined});
      born.clear();
      for (uint64_t i = 0; i < top.length; ++i) {
        HR_CHECK(watch_.check_at(i));
        // PERF: the words of a pair lie all over memory; the next ones are fetched ahead.
        if (i + kAhead < top.length) __builtin_prefetch(&split_[pool_[top.words + i + kAhead]]);
        if (i + kAhead / 2 < top.length) __builtin_prefetch(symbols_.data() + split_[pool_[top.words + i + kAhead / 2]].begin);
        merge_in(pool_[top.words + i], {left, right, joined}, born);
      }
      size_t before = queue_.size();
      push(born);
      for (; before < queue_.size(); ++before) std::push_heap(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(before) + 1);
      if (merges_.size() % 64 == 0) watch_.progress("Compute merges", vocabulary_.size(), trainer_.vocab_size);
    }
    watch_.progress("Compute merges", trainer_.vocab_size, trainer_.vocab_size);
    return {};
  }

  /// Joins the pair wherever it stands in a word and counts what that changes about its neighbours.
  void merge_in(uint32_t w, const WordMerge& merge, std::vector<Born>& born) {
    Word& word = split_[w];
    uint32_t* lengths = lengths_.empty() ? nullptr : lengths_.data() + word.begin;
    const int64_t count = counts_[w];
    word.length = merge_in_word(
        symbols_.data() + word.begin, lengths, word.length, merge, longest_,
        [&](uint32_t left, uint32_t right) { pair_counts_[PairCounts::key(left, right)] -= count; },
        [&](uint32_t left, uint32_t right) { bear(left, right, count, w, born); });
  }

  void bear(uint32_t left, uint32_t right, int64_t count, uint32_t w, std::vector<Born>& born) {
    const uint64_t pair = PairCounts::key(left, right);
    pair_counts_[pair] += count;
    born.push_back({pair, w});
  }

  TrainedPairs result() {
    TrainedPairs trained;
    trained.tokens.reserve(vocabulary_.size());
    for (uint32_t id = 0; id < vocabulary_.size(); ++id) trained.tokens.push_back(vocabulary_.spelling(id));
    trained.merges = std::move(merges_);
    return trained;
  }

  const BpeTrainer& trainer_;
  const WordCounts& words_;
  TrainingWatch watch_;
  const size_t longest_;
  TrainingVocabulary vocabulary_;
  std::vector<uint32_t> symbols_;
  std::vector<uint32_t> lengths_;  // of symbols, in characters; only when a length limits
  std::vector<Word> split_;
  std::vector<int64_t> counts_;
  PairCounts pair_counts_;
  std::vector<Candidate> queue_;  // a heap
  std::vector<uint32_t> pool_;    // words of the candidates
  std::vector<MergeTable::Entry> merges_;
  uint32_t age_ = 0;
};

}  // namespace

Result<TrainedPairs> train_pairs(const BpeTrainer& trainer, const WordCounts& words, const TrainingOptions& options) {
  return PairTraining(trainer, words, options).run();
}

}  // namespace headrace::text
