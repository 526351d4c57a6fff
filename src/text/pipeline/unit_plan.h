#pragma once

#include <memory>
#include <string_view>

#include "text/pipeline/added_vocabulary.h"
#include "text/pipeline/unit_models.h"
#include "text/pipeline/unit_shape.h"

namespace headrace::text {

struct BulkTokens;

/// Encodes texts word by word for the WordPiece and Unigram tokenizers that are recognised. Thread-safe.
class UnitPlan {
 public:
  /// Null if the parts are none of those.
  static std::unique_ptr<const UnitPlan> make(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                              const ModelSpec& model, UnitStages stages);
  UnitPlan(UnitShape shape, ModelSpec model, UnitStages stages)
      : shape_(std::move(shape)), model_(std::move(model)), stages_(std::move(stages)) {}

  /// Null if the vocabulary is none for it.
  std::unique_ptr<const UnitEncoder> build() const;
  Result<void> encode(const UnitEncoder& encoder, std::string_view text, const AddedTokenFinder& added, bool encode_special,
                      BulkTokens& out) const;

 private:
  bool add_word_piece(const WordPieceModel& model, UnitSpec& spec) const;
  bool add_unigram(const UnigramModel& model, UnitSpec& spec) const;
  Result<void> encode_stretch(const UnitEncoder& encoder, std::string_view text, size_t begin, size_t end, TokenSink& sink,
                              BulkTokens& out) const;

  UnitShape shape_;
  ModelSpec model_;
  UnitStages stages_;
};

}  // namespace headrace::text
