#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "text/components.h"
#include "text/pipeline.h"

/// Training the models of components.h from counted words, as Hugging Face's trainers do.
namespace headrace {
class ThreadPool;
}

namespace headrace::text {

/// How often each word was seen: what a trainer is fed with. Memory is the distinct words and
/// 16 bytes for each, and 24 more once words are looked up.
class WordCounts {
 public:
  WordCounts();
  WordCounts(WordCounts&&) noexcept;
  WordCounts& operator=(WordCounts&&) noexcept;
  WordCounts(const WordCounts&);
  WordCounts& operator=(const WordCounts&);
  ~WordCounts();

  void add(std::string_view word, uint64_t count = 1);
  void add(const WordCounts& other);
  /// Adds a word that is known not to be there yet; cheaper while nothing is looked up.
  void append(std::string_view word, uint64_t count);
  void reserve(size_t words, size_t bytes);
  /// Distinct words.
  size_t size() const;
  bool empty() const { return size() == 0; }
  /// Word number `n` of size(), in the order in which they were first added.
  std::string_view word(size_t n) const;
  uint64_t count(size_t n) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- Trainers: their parameters ----

enum class ProgressFormat : uint8_t { Indicatif, JsonLines, Silent };

struct BpeTrainer {
  size_t vocab_size = 30000;
  uint64_t min_frequency = 0;  ///< of a pair that is merged
  bool show_progress = true;
  ProgressFormat progress_format = ProgressFormat::Indicatif;
  std::vector<AddedToken> special_tokens;
  std::optional<size_t> limit_alphabet;  ///< the most frequent characters so many
  std::vector<char32_t> initial_alphabet;
  std::optional<std::string> continuing_subword_prefix;
  std::optional<std::string> end_of_word_suffix;
  std::optional<size_t> max_token_length;  ///< in characters
};
/// Byte pair encoding, whose vocabulary WordPiece then uses; as in Hugging Face.
struct WordPieceTrainer {
  BpeTrainer bpe = with_prefix();

 private:
  static BpeTrainer with_prefix() {
    BpeTrainer trainer;
    trainer.continuing_subword_prefix = "##";
    return trainer;
  }
};
struct WordLevelTrainer {
  size_t vocab_size = 30000;
  uint64_t min_frequency = 0;
  bool show_progress = true;
  std::vector<AddedToken> special_tokens;
};
struct UnigramTrainer {
  size_t vocab_size = 8000;
  bool show_progress = true;
  uint32_t n_sub_iterations = 2;   ///< of expectation and maximisation before pieces are pruned
  double shrinking_factor = 0.75;  ///< how many pieces pruning leaves
  std::vector<AddedToken> special_tokens;
  std::vector<char32_t> initial_alphabet;
  std::optional<std::string> unk_token;
  size_t max_piece_length = 16;  ///< in characters
  size_t seed_size = 1'000'000;  ///< pieces to begin with
  /// Take those that are seen most in the text, as SentencePiece does, and leave out the least likely ones at the end.
  /// Hugging Face takes those that are in most different words. Divides texts into somewhat fewer pieces.
  bool seeds_by_count = false;
};

using TrainerParameters = std::variant<BpeTrainer, WordPieceTrainer, WordLevelTrainer, UnigramTrainer>;

/// Which step of training is under way, and how much of it is done.
using TrainingProgress = std::function<void(std::string_view step, size_t done, size_t total)>;

struct TrainingOptions {
  TrainingProgress progress;    ///< called on the caller's thread; may be empty
  ThreadPool* pool = nullptr;   ///< null: the process's. The result does not depend on it
  /// Whether to give up (Cancelled). Asked on the caller's thread, some fifty times a second; may be empty.
  std::function<bool()> interrupted = {};
};

struct TrainedModel {
  ModelSpec model;
  std::vector<AddedToken> special_tokens;  ///< for the caller to add
};

/// A trainer with the words it has been fed.
class Trainer {
 public:
  Trainer() = default;
  explicit Trainer(TrainerParameters parameters) : parameters(std::move(parameters)) {}

  TrainerParameters parameters;

  /// The words to train on, in place of any that were there.
  void feed(WordCounts words) { words_ = std::move(words); }
  const WordCounts& words() const { return words_; }

  /// Trains a model of the kind of `before`, whose other parameters it keeps where Hugging
  /// Face does. Vocabulary and merges are those of tokenizers 0.23 where its order is
  /// total: the pair with the highest count merges first, of equal ones that with the
  /// smallest ids. Where it is not, ours is
  ///  - limit_alphabet: of characters that are as frequent, those of the lowest code points stay;
  ///  - characters with a prefix or suffix get their ids in the order of their first word,
  ///    words in order of bytes;
  ///  - Unigram: equal scores in order of code points. Scores may differ in their last digits.
  ///
  /// InvalidArgument when the model is of another kind ("BpeTrainer can only train a BPE")
  /// or the parameters leave no room ("The vocabulary is not large enough to contain all
  /// chars"); OutOfRange when counts exceed 62 bits; Cancelled.
  Result<TrainedModel> train(const ModelSpec& before, const TrainingOptions& options = {}) const;

 private:
  WordCounts words_;
};

/// Byte pairs for several languages at once, so that none is left far behind: each merge is the best one of the language that
/// is worst off, and is made in the words of all (Foroutan and others, Parity-Aware Byte-Pair Encoding, arXiv 2508.04796).
struct ParityBpeTrainer {
  enum class Variant : uint8_t {
    Base,    ///< always the language that is worst off
    Window,  ///< but no language more than its share of the last merges
  };
  size_t num_merges = 32000;
  Variant variant = Variant::Base;
  uint64_t min_frequency = 0;  ///< of a pair that is merged; a language without such pairs is passed over
  /// How many symbols each language's words are to become fewer by, in proportion to each other; where there are held-out words it is
  /// not used. Without either, the language with the most symbols is worst off.
  std::optional<std::vector<double>> ratio;
  size_t global_merges = 0;    ///< so many merges first are the best ones of all languages together
  size_t window_size = 100;    ///< merges
  double alpha = 2.0;          ///< a language's share of the window is this by the number of languages
  bool total_symbols = false;  ///< num_merges counts special tokens and characters as well
  std::vector<AddedToken> special_tokens;
  bool show_progress = true;
  std::optional<size_t> limit_alphabet;  ///< as in BpeTrainer, like those below
  std::vector<char32_t> initial_alphabet;
  std::optional<std::string> continuing_subword_prefix;
  std::optional<std::string> end_of_word_suffix;
  std::optional<size_t> max_token_length;
};

/// Words by language.
struct LanguageWords {
  std::vector<WordCounts> training;
  std::vector<WordCounts> held_out;  ///< whose lengths tell which language is worst off; for all languages or none
};

/// A new BPE model, with the vocabulary and merges of tokenizers 0.23 where its order is total: of pairs that are
/// seen as often, the one with the greater spelling merges first; of languages that are as badly off, the first one's.
/// Where it is not, what is said at Trainer::train holds. Where Window leaves no language that still
/// has pairs below its share, 0.23 does not end; here the one that is worst off goes on.
/// InvalidArgument when the numbers of languages differ or a parameter has no meaning; OutOfRange and Cancelled as above.
Result<TrainedModel> train(const ParityBpeTrainer& trainer, const LanguageWords& words, const TrainingOptions& options = {});

/// Counts the words of texts as a pipeline normalises and cuts them (added tokens are not looked
/// for), in parallel. Texts whose words can be told before they are normalised are not: then
/// each distinct one is normalised once. Memory is the distinct words, for each thread, and
/// some blocks of text. The counts, and the order of words, do not depend on the threads.
class WordCounter {
 public:
  /// Works with the pipeline as it is now.
  static Result<WordCounter> make(const Pipeline& pipeline, TrainingOptions options = {});
  WordCounter(WordCounter&&) noexcept;
  WordCounter& operator=(WordCounter&&) noexcept;
  ~WordCounter();

  /// Texts are valid UTF-8.
  Result<void> add(std::span<const std::string_view> texts);
  /// Adds the lines of files, each with its end, as Hugging Face does. InvalidData where a file is not UTF-8.
  Result<void> add_files(std::span<const std::filesystem::path> paths);
  /// What was counted, the most frequent words first; the counter is then as new.
  Result<WordCounts> take();

 private:
  struct State;
  explicit WordCounter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Adds the words of texts by a WordCounter.
Result<void> count_words(const Pipeline& pipeline, std::span<const std::string_view> texts, WordCounts& counts);

/// Trains the model of a pipeline in place on the words of `trainer` and adds its special
/// tokens.
Result<void> train(Pipeline& pipeline, const Trainer& trainer, const TrainingOptions& options = {});

/// The same by parity. Without a pre-tokenizer a text is one word, without the white space around it.
Result<void> train(Pipeline& pipeline, const ParityBpeTrainer& trainer, LanguageWords words, const TrainingOptions& options = {});

}  // namespace headrace::text
