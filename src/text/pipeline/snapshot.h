#pragma once

#include <memory>
#include <optional>

#include "text/pipeline.h"
#include "text/pipeline/added_vocabulary.h"
#include "text/pipeline/bulk_plan.h"
#include "text/pipeline/decode_plan.h"
#include "text/pipeline/ids_around.h"

namespace headrace::text {

/// A tokenizer as it was at one moment: what a call works with from its beginning to its
/// end. Immutable.
struct Snapshot {
  std::shared_ptr<const NormalizerStage> normalizer;  // null: none; so are the others but for the model
  std::shared_ptr<const PreTokenizerStage> pre_tokenizer;
  std::shared_ptr<const ModelStage> model;
  std::shared_ptr<const PostProcessorStage> post_processor;
  std::shared_ptr<const DecoderStage> decoder;
  std::shared_ptr<const AddedTokenFinder> added;
  std::shared_ptr<const BulkPlan> bulk;  // null: the parts have none
  std::shared_ptr<const DecodePlan> bulk_decoder;  // null: the decoder has none
  std::optional<TruncationParams> truncation;
  std::optional<PaddingParams> padding;
  bool encode_special_tokens = false;
  std::optional<IdsAround> surroundings;  // none: what the post-processor adds to one sequence is not only around it
  std::optional<TokenId> unknown;  // what the model's unknown token is

  Result<Encoding> encode(const PipelineInput& input, const PipelineOptions& options) const;
  Result<Encoding> encode_segments(std::span<const TextSegment> segments, const PipelineOptions& options) const;
  Result<Encoding> post_process(Encoding first, std::optional<Encoding> second, const PipelineOptions& options) const;
  Result<std::string> decode(std::span<const TokenId> ids, bool skip_special_tokens) const;
  size_t added_tokens(bool is_pair) const { return post_processor ? post_processor->added_tokens(is_pair) : 0; }
  std::optional<std::string> spelling(TokenId id) const;
  std::optional<DecodePlan::Token> decoded_token(TokenId id) const;

  /// Appends the ids, and offsets unless null, of what `encode` makes of one text.
  Result<void> append_ids(std::string_view text, const PipelineOptions& options, std::vector<TokenId>& ids,
                          std::vector<Offset>* offsets) const;
  /// Whether `append_ids` without offsets makes the ids of such a text in bulk and nothing else.
  bool makes_ids_alone(size_t bytes, const PipelineOptions& options) const;

 private:
  Result<Encoding> encode_sequence(const SequenceInput& input, uint32_t type_id, const PipelineOptions& options) const;
  /// `text` is valid UTF-8.
  Result<Encoding> encode_text(std::string text, std::optional<uint32_t> word, uint32_t type_id, const PipelineOptions& options,
                               const SpecialTokenPlaces& places) const;
  /// Tokens of a piece, none of which is a special one.
  Result<std::vector<ModelToken>> tokenize_untrusted(std::string_view text) const;
};

}  // namespace headrace::text
