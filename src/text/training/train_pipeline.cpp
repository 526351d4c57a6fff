#include "text/strings/reference_unicode.h"
#include "text/training.h"
#include "text/training/characters.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

std::string_view without_white_space_around(std::string_view text) {
  const auto character_at = [&](size_t at) { return character_of(text.substr(at, utf8::length_by_lead(text[at]))); };
  size_t begin = 0, end = text.size();
  while (begin < end && reference_unicode::is_white_space(character_at(begin))) begin += utf8::length_by_lead(text[begin]);
  while (begin < end) {
    size_t last = end - 1;
    while (last > begin && (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) --last;
    if (!reference_unicode::is_white_space(character_at(last))) break;
    end = last;
  }
  return text.substr(begin, end - begin);
}

void trim(WordCounts& words) {
  WordCounts trimmed;
  for (size_t n = 0; n < words.size(); ++n) {
    if (const std::string_view word = without_white_space_around(words.word(n)); !word.empty()) trimmed.add(word, words.count(n));
  }
  words = std::move(trimmed);
}

Result<void> take_up(Pipeline& pipeline, TrainedModel trained) {
  pipeline.model()->set(std::move(trained.model));
  HR_CHECK(pipeline.add_special_tokens(trained.special_tokens));
  return {};
}

}  // namespace

Result<void> train(Pipeline& pipeline, const Trainer& trainer, const TrainingOptions& options) {
  HR_TRY(auto trained, trainer.train(pipeline.model()->get(), options));
  return take_up(pipeline, std::move(trained));
}

Result<void> train(Pipeline& pipeline, const ParityBpeTrainer& trainer, LanguageWords words, const TrainingOptions& options) {
  if (!pipeline.pre_tokenizer()) {
    for (WordCounts& language : words.training) trim(language);
    for (WordCounts& language : words.held_out) trim(language);
  }
  HR_TRY(auto trained, train(trainer, words, options));
  return take_up(pipeline, std::move(trained));
}

}  // namespace headrace::text
