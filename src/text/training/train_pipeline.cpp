#include <mutex>

#include "base/thread_pool.h"
#include "text/training.h"

namespace headrace::text {
namespace {

Result<void> count(const NormalizerStage* normalizer, const PreTokenizerStage* pre_tokenizer, std::string_view text, WordCounts& counts) {
  NormalizedString normalized{std::string(text)};
  if (normalizer) HR_CHECK(normalizer->normalize(normalized));
  PreTokenizedString pieces(std::move(normalized));
  if (pre_tokenizer) HR_CHECK(pre_tokenizer->pre_tokenize(pieces));
  for (const auto& piece : pieces.splits()) {
    if (!piece.text.empty()) counts.add(piece.text.normalized());
  }
  return {};
}

template <class Spec>
Result<std::shared_ptr<const typename Spec::Stage>> stage_of(const LivePart<Spec>& part) {
  if (!part) return std::shared_ptr<const typename Spec::Stage>{};
  return part->stage();
}

}  // namespace

Result<void> count_words(const Pipeline& pipeline, std::span<const std::string_view> texts, WordCounts& counts) {
  HR_TRY(const auto normalizer, stage_of(pipeline.normalizer()));
  HR_TRY(const auto pre_tokenizer, stage_of(pipeline.pre_tokenizer()));
  // Parts of a fixed size whose counts are added in their order: the words come in the same
  // order whatever the threads do.
  constexpr size_t kTexts = 256;
  const size_t parts = (texts.size() + kTexts - 1) / kTexts;
  std::vector<WordCounts> counted(parts);
  std::mutex mutex;
  Result<void> outcome;
  ThreadPool::process().parallel_for(parts, 1, [&](size_t first, size_t last) {
    for (size_t part = first; part < last; ++part) {
      for (const auto text : texts.subspan(part * kTexts, std::min(kTexts, texts.size() - part * kTexts))) {
        auto done = count(normalizer.get(), pre_tokenizer.get(), text, counted[part]);
        if (done) continue;
        const std::lock_guard lock(mutex);
        if (outcome) outcome = std::move(done);
        return;
      }
    }
  });
  HR_CHECK(outcome);
  for (const auto& part : counted) counts.add(part);
  return {};
}

Result<void> train(Pipeline& pipeline, const Trainer& trainer, const TrainingOptions& options) {
  HR_TRY(auto trained, trainer.train(pipeline.model()->get(), options));
  pipeline.model()->set(std::move(trained.model));
  HR_CHECK(pipeline.add_special_tokens(trained.special_tokens));
  return {};
}

}  // namespace headrace::text
