#include <algorithm>
#include <numeric>

#include "text/training.h"
#include "text/training/bpe_training.h"
#include "text/training/unigram_training.h"

namespace headrace::text {
namespace {

std::unexpected<Error> other_kind(const char* message) { return fail(ErrorKind::InvalidArgument, message); }

Result<std::shared_ptr<const TokenTable>> table_of(std::vector<std::string> tokens) {
  std::vector<std::pair<std::string, TokenId>> vocabulary;
  vocabulary.reserve(tokens.size());
  for (std::string& token : tokens) vocabulary.emplace_back(std::move(token), static_cast<TokenId>(vocabulary.size()));
  return make_token_table(std::move(vocabulary));
}

struct Training {
  const ModelSpec& before;
  const WordCounts& words;
  const TrainingOptions& options;

  Result<TrainedModel> operator()(const BpeTrainer& trainer) const {
    const auto* model = std::get_if<BpeModel>(&before.value);
    if (!model) return other_kind("BpeTrainer can only train a BPE");
    BpeModel trained = *model;
    HR_TRY(TrainedPairs pairs, train_pairs(trainer, words, options));
    trained.continuing_subword_prefix = trainer.continuing_subword_prefix;
    trained.end_of_word_suffix = trainer.end_of_word_suffix;
    HR_TRY(trained.vocabulary, table_of(std::move(pairs.tokens)));
    // As the trainer made them: it takes the prefix off a right part only where there is one.
    trained.merges = MergeTable::of(std::move(pairs.merges));
    return TrainedModel{{std::move(trained)}, trainer.special_tokens};
  }

  Result<TrainedModel> operator()(const WordPieceTrainer& trainer) const {
    const auto* model = std::get_if<WordPieceModel>(&before.value);
    if (!model) return other_kind("WordPieceTrainer can only train a WordPiece");
    WordPieceModel trained = *model;
    HR_TRY(TrainedPairs pairs, train_pairs(trainer.bpe, words, options));
    trained.continuing_subword_prefix = trainer.bpe.continuing_subword_prefix.value_or("##");
    HR_TRY(trained.vocabulary, table_of(std::move(pairs.tokens)));
    return TrainedModel{{std::move(trained)}, trainer.bpe.special_tokens};
  }

  Result<TrainedModel> operator()(const WordLevelTrainer& trainer) const {
    const auto* model = std::get_if<WordLevelModel>(&before.value);
    if (!model) return other_kind("WordLevelTrainer can only train a WordLevel");
    WordLevelModel trained = *model;
    std::vector<uint32_t> order(words.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
      return words.count(a) != words.count(b) ? words.count(a) > words.count(b) : words.word(a) < words.word(b);
    });
    std::vector<std::string> tokens;
    for (const AddedToken& token : trainer.special_tokens) tokens.push_back(token.content);
    for (const uint32_t n : order) {
      if (tokens.size() >= trainer.vocab_size || words.count(n) < trainer.min_frequency) break;
      tokens.emplace_back(words.word(n));
    }
    tokens.resize(std::min(tokens.size(), trainer.vocab_size));
    HR_TRY(trained.vocabulary, table_of(std::move(tokens)));
    return TrainedModel{{std::move(trained)}, trainer.special_tokens};
  }

  Result<TrainedModel> operator()(const UnigramTrainer& trainer) const {
    if (!std::holds_alternative<UnigramModel>(before.value)) return other_kind("UnigramTrainer can only train a Unigram");
    HR_TRY(UnigramModel trained, train_unigram(trainer, words, options));
    return TrainedModel{{std::move(trained)}, trainer.special_tokens};
  }
};

}  // namespace

Result<TrainedModel> Trainer::train(const ModelSpec& before, const TrainingOptions& options) const {
  return std::visit(Training{before, words_, options}, parameters);
}

}  // namespace headrace::text
