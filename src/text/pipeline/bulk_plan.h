#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/encode/token_sink.h"
#include "text/pipeline/added_vocabulary.h"
#include "text/pipeline/bulk_shape.h"
#include "text/pipeline/bulk_tables.h"
#include "text/pipeline/string_matcher.h"
#include "text/pipeline/unit_plan.h"

namespace headrace::text {

/// The tokens of a text, before special tokens are put around them.
struct BulkTokens {
  bool with_places = false;  ///< whether offsets, words and added tokens are wanted
  std::vector<TokenId> ids;
  std::vector<Offset> offsets;  ///< bytes of the original text
  std::vector<uint32_t> words;
  std::vector<std::pair<size_t, std::string>> added;  ///< which tokens are added tokens, and the text that each was found as

  /// Appends an added token that was found in `text`; `sink` is where the tokens before it went.
  void add(const AddedTokenFinder::Found& found, std::string_view text, TokenSink& sink);
  /// The same of one that was found in another form of the text, where `place` is its bytes of the original.
  void add(const AddedTokenFinder::Found& found, std::string_view text, std::pair<size_t, size_t> place, TokenSink& sink);
};

/// Encodes texts in bulk as the parts of a pipeline would. Thread-safe.
class BulkPlan {
 public:
  /// Null if the parts are none that texts can be encoded in bulk for. `ready`, unless null, has tables for some model.
  static std::shared_ptr<const BulkPlan> make(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                              const ModelSpec& model, const UnitStages& stages, const ReadyBulk* ready = nullptr);
  /// `tables` may be null: they are built when they are worth it.
  explicit BulkPlan(BulkShape shape, std::shared_ptr<const BulkTables> tables = nullptr);
  explicit BulkPlan(std::unique_ptr<const UnitPlan> units);
  ~BulkPlan();

  /// Whether to encode a text of so many bytes here: tables have been built or are worth building, now
  /// that so much has been encoded without. Builds them.
  bool takes(size_t bytes, const AddedTokenFinder& added) const;
  /// Builds the tables at once.
  void make_tables() const;
  /// Whether a text has bytes that the vocabulary has no token for: as in the reference, what follows them in their piece
  /// is said to come from earlier places, which is not done here.
  bool leaves_out(std::string_view text) const {
    return any_left_out_ && std::ranges::any_of(text, [this](char byte) { return left_out_[static_cast<uint8_t>(byte)]; });
  }
  /// `text` is valid UTF-8, and `takes` has said so; if places are wanted, nothing is left out.
  Result<void> encode(std::string_view text, const AddedTokenFinder& added, bool encode_special, BulkTokens& out) const;

 private:
  struct Run;
  void build() const;
  BulkShape shape_;
  StringMatcher cut_out_;     // the shape's
  std::array<bool, 256> left_out_{};
  bool any_left_out_ = false;
  size_t longest_token_ = 0;  // in bytes; where pieces may be tokens whatever merging gives
  std::unique_ptr<const UnitPlan> units_;  // null: texts are encoded as `shape_` says
  uint64_t worth_building_;  // tables, once so many bytes have been encoded without
  mutable std::atomic<uint64_t> encoded_elsewhere_{0};
  mutable std::once_flag once_;
  mutable std::unique_ptr<const UnitEncoder> unit_encoder_;
  mutable std::shared_ptr<const BulkTables> tables_;  // null after building: the vocabulary is none for it
  mutable std::atomic<bool> built_{false};
};

}  // namespace headrace::text
