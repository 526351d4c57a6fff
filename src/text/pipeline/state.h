#pragma once

#include <memory>
#include <mutex>

#include "text/pipeline.h"
#include "text/pipeline/snapshot.h"

namespace headrace::text {

struct Pipeline::State {
  /// What a call works with. Compiles what has changed since the last one.
  Result<std::shared_ptr<const Snapshot>> snapshot();
  /// Changes one of the members below: `change(State&)`, in turn with other calls.
  template <class Change>
  auto edit(Change&& change) {
    const std::lock_guard lock(mutex);
    latest.reset();
    return change(*this);
  }

  /// Makes `bulk` anew where the stages are not those that it was made for.
  void update_bulk(const Snapshot& next);
  Result<void> update_bulk_decoder(const Snapshot& next);

  mutable std::mutex mutex;
  LivePart<NormalizerSpec> normalizer;
  LivePart<PreTokenizerSpec> pre_tokenizer;
  LivePart<ModelSpec> model;
  LivePart<PostProcessorSpec> post_processor;
  LivePart<DecoderSpec> decoder;
  AddedVocabulary added;
  std::optional<TruncationParams> truncation;
  std::optional<PaddingParams> padding;
  bool encode_special_tokens = false;

  std::shared_ptr<const AddedTokenFinder> finder;  // of `added`; null after a change of it
  std::shared_ptr<const ReadyBulk> ready;          // of a compiled tokenizer; null: there is none
  std::shared_ptr<const BulkPlan> bulk;            // of the stages below; null: there is none
  std::shared_ptr<const NormalizerStage> bulk_normalizer;
  std::shared_ptr<const PreTokenizerStage> bulk_pre_tokenizer;
  std::shared_ptr<const ModelStage> bulk_model;
  std::shared_ptr<const DecodePlan> bulk_decoder;  // the same, of these
  std::shared_ptr<const DecoderStage> decode_decoder;
  std::shared_ptr<const ModelStage> decode_model;
  std::shared_ptr<const AddedTokenFinder> decode_added;
  std::shared_ptr<const Snapshot> latest;          // null after a change of a member
  uint64_t latest_generation = 0;
};

}  // namespace headrace::text
