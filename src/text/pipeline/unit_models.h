#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/bulk/unit_encoder.h"
#include "text/components/models/unigram_stage.h"
#include "text/components/models/word_piece_stage.h"
#include "text/pipeline/unit_characters.h"

namespace headrace::text {

/// The stages of a pipeline; the first may be null.
struct UnitStages {
  std::shared_ptr<const NormalizerStage> normalizer;
  std::shared_ptr<const PreTokenizerStage> pre_tokenizer;
  std::shared_ptr<const PreTokenizerStage> without_prefix;  ///< of stretches that do not begin a text; null: the same
  std::shared_ptr<const ModelStage> model;
};

/// Encodes a unit as the pipeline would: step by step.
class UnitSteps {
 public:
  explicit UnitSteps(UnitStages stages) : stages_(std::move(stages)) {}
  /// `before`: text that is put in front of the unit, whose tokens are left out.
  Result<void> encode(const TextUnit& unit, std::string_view before, UnitTokens& out) const;
  /// The text of a unit after `before` as the model sees it, if that is one piece: without `before`, and ▁ in front of that.
  struct Piece {
    NormalizedString text;
    uint32_t skipped;   // of the normalised text
    uint32_t left_out;  // of the original one
  };
  Result<std::optional<Piece>> piece_of(const TextUnit& unit, std::string_view before) const;

 private:
  Result<std::optional<PreTokenizedString>> pieces_of(const TextUnit& unit, std::string_view before) const;
  UnitStages stages_;
};

/// A unit as the normalizer leaves it, and the bytes of the unit that each byte comes from.
class NormalizedUnit {
 public:
  /// Begins with what stands for `origin`, of `skipped` bytes of the unit.
  void begin(std::string_view front, Offset origin, uint32_t skipped);
  /// Appends the unit's text after what was skipped; false where characters are not easy.
  bool append_rest(const UnitCharacters& characters, std::string_view unit);

  const std::string& text() const { return text_; }
  Offset origin(uint32_t begin, uint32_t end) const {
    if (!origins_.empty()) return {origins_[begin].begin, origins_[end - 1].end};
    const auto front = static_cast<uint32_t>(front_size_);
    return {begin < front ? front_.begin : begin - front + skipped_, end <= front ? front_.end : end - front + skipped_};
  }

 private:
  std::string text_;
  size_t front_size_ = 0;
  Offset front_;
  uint32_t skipped_ = 0;
  std::vector<Offset> origins_;  // by byte of the text; empty: what follows the front is as it was
};

class WordPieceUnits final : public UnitModel {
 public:
  WordPieceUnits(std::shared_ptr<const UnitCharacters> characters, UnitStages stages, std::shared_ptr<const WordPieceStage> model)
      : characters_(std::move(characters)), steps_(std::move(stages)), model_(std::move(model)) {}
  Result<void> encode(const TextUnit& unit, UnitTokens& out) const override;

 private:
  std::shared_ptr<const UnitCharacters> characters_;
  UnitSteps steps_;
  std::shared_ptr<const WordPieceStage> model_;
};

/// `rounding`: how far two sums of scores in a word may be from what they would be without the word's beginning, for each
/// byte that they are of. Where two ways differ by less, a unit within a word is not encoded by itself. `one_word`: all units but
/// the first are within a word.
class UnigramUnits final : public UnitModel {
 public:
  UnigramUnits(std::shared_ptr<const UnitCharacters> characters, UnitStages stages, std::shared_ptr<const UnigramStage> model,
               bool space_led, bool one_word, double rounding)
      : characters_(std::move(characters)), steps_(std::move(stages)), model_(std::move(model)), space_led_(space_led),
        one_word_(one_word), rounding_(rounding), scores_(one_word ? model_->scores() : std::vector<double>()) {}
  Result<void> encode(const TextUnit& unit, UnitTokens& out) const override;
  Result<void> encode_each(std::span<UnitIds> units, std::vector<TokenId>& ids) const override;
  std::optional<double> score_after(double before, std::span<const TokenId> tokens) const override;
  Result<std::optional<double>> encode_after(const TextUnit& unit, double score, UnitTokens& out) const override;

 private:
  bool is_within_word(const TextUnit& unit) const {
    return unit.place == TextUnit::Place::Continuing || (one_word_ && unit.place == TextUnit::Place::Word);
  }
  bool depends_on_before(const TextUnit& unit, double least_gap, size_t size, std::span<const UnigramStage::Part> parts) const;
  void append_tokens(const TextUnit& unit, const NormalizedUnit& normalized, std::span<const UnigramStage::Part> parts,
                     UnitTokens& out) const;
  bool normalize(const TextUnit& unit, NormalizedUnit& out) const;
  Result<void> step_by_step(const TextUnit& unit, UnitTokens& out) const;

  std::shared_ptr<const UnitCharacters> characters_;
  UnitSteps steps_;
  std::shared_ptr<const UnigramStage> model_;
  bool space_led_;
  bool one_word_;
  double rounding_;
  std::vector<double> scores_;  // by id, where scores are added up
};

}  // namespace headrace::text
