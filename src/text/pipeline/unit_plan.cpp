#include "text/pipeline/unit_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "text/bulk/vocabulary_table.h"
#include "text/components/models/token_table.h"
#include "text/pipeline/bulk_plan.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

/// Words that are longer have no barriers, so that what rounding does to their scores stays far below differences.
constexpr size_t kLongestWithBarriers = 64 << 10;

/// How far a difference between two sums of a word's scores may be off for each byte that they are of: four additions, each
/// by half a unit in the last place of the greatest sum, for words that normalizing makes eight times as long. None if scores
/// are not numbers.
std::optional<double> rounding_of(const std::vector<std::pair<std::string, double>>& pieces) {
  constexpr double kPenalty = 10;  // of unknown characters
  double greatest = kPenalty;
  for (const auto& [spelling, score] : pieces) {
    if (!std::isfinite(score)) return std::nullopt;
    greatest = std::max(greatest, std::abs(score) + kPenalty);
  }
  const double rounding = 4 * 8 * std::ldexp(greatest * static_cast<double>(kLongestWithBarriers + kMetaSymbol.size()), -53);
  constexpr double kMost = 1e-5;  // more and too many words would be encoded whole
  return rounding < kMost ? std::optional(rounding) : std::nullopt;
}

bool lowers_ascii(const UnitCharacters& characters) {
  for (char32_t c = 'A'; c <= 'Z'; ++c) {
    const std::string small(1, static_cast<char>(c | 0x20));
    if (!(characters.of(c) & unit_code::kEasy) || characters.form(c, "") != small) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<const UnitPlan> UnitPlan::make(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                               const ModelSpec& model, UnitStages stages) {
  auto shape = recognise_units(normalizer, pre_tokenizer, model);
  if (!shape || !stages.pre_tokenizer || !stages.model) return nullptr;
  if (shape->only_first_prefixed) {
    const MetaspacePreTokenizer never{.prepend_scheme = PrependScheme::Never};
    const auto stage = Live<PreTokenizerSpec>({never}).stage();
    if (!stage) return nullptr;
    stages.without_prefix = *stage;
  }
  return std::make_unique<const UnitPlan>(std::move(*shape), model, std::move(stages));
}

bool UnitPlan::add_word_piece(const WordPieceModel& model, UnitSpec& spec) const {
  const auto stage = std::dynamic_pointer_cast<const WordPieceStage>(stages_.model);
  const TokenTable& vocabulary = *model.vocabulary;
  if (!stage || vocabulary.size() == 0 || vocabulary.id_at(vocabulary.size() - 1) > VocabularyTable::kGreatestId) return false;
  const auto characters = std::make_shared<const UnitCharacters>(shape_, stages_.normalizer, [](char32_t) { return false; });
  spec.codes = characters;
  spec.has_singles = true;
  spec.lowers_ascii = !shape_.capitals_matter && lowers_ascii(*characters);
  spec.model = std::make_shared<const WordPieceUnits>(characters, stages_, stage);
  return true;
}

bool UnitPlan::add_unigram(const UnigramModel& model, UnitSpec& spec) const {
  const auto stage = std::dynamic_pointer_cast<const UnigramStage>(stages_.model);
  const auto& pieces = *model.pieces;
  if (!stage || pieces.empty() || pieces.size() > VocabularyTable::kGreatestId) return false;
  const auto characters = std::make_shared<const UnitCharacters>(shape_, stages_.normalizer,
                                                                 [stage](char32_t c) { return stage->is_piece(utf8::encode(c)); });
  if (!(characters->of(' ') & unit_code::kSpace)) return false;
  const bool rounds = model.unmatched && !model.unmatched->empty();
  const auto rounding = rounds ? std::nullopt : rounding_of(pieces);
  if (rounding) {
    auto pairs = std::make_shared<AsciiPairs>();
    std::vector<std::string_view> wide;
    for (const auto& [spelling, score] : pieces) {
      if (pairs->add(spelling)) wide.push_back(spelling);
    }
    spec.ascii_pairs = std::move(pairs);
    // Their owner is kept.
    spec.make_barriers = [owner = model.pieces, wide = std::move(wide)] { return std::make_unique<const Barriers>(wide); };
  }
  spec.longest_with_barriers = kLongestWithBarriers;
  const bool words = shape_.cut == UnitCut::Words;
  spec.codes = characters;
  spec.lowers_ascii = !shape_.capitals_matter && lowers_ascii(*characters);
  spec.words_have_space = words;
  spec.first_is_special = !words;
  spec.joining_first_is_special = shape_.clusters;
  spec.model = std::make_shared<const UnigramUnits>(characters, stages_, stage, !words, rounding.value_or(0));
  return true;
}

std::unique_ptr<const UnitEncoder> UnitPlan::build() const {
  UnitSpec spec;
  spec.cut = shape_.cut;
  const auto* word_piece = std::get_if<WordPieceModel>(&model_.value);
  if (!(word_piece ? add_word_piece(*word_piece, spec) : add_unigram(std::get<UnigramModel>(model_.value), spec))) return nullptr;
  return std::make_unique<const UnitEncoder>(std::move(spec));
}

Result<void> UnitPlan::encode(const UnitEncoder& encoder, std::string_view text, const AddedTokenFinder& added, bool encode_special,
                              BulkTokens& out) {
  TokenSink sink{&out.ids, out.with_places ? &out.offsets : nullptr, out.with_places ? &out.words : nullptr};
  const UnitSink units{&sink, &out.added};
  size_t at = 0;
  for (const AddedTokenFinder::Found& found : added.find_raw(text, encode_special)) {
    HR_CHECK(encoder.encode(text, at, found.begin, units));
    out.add(found, text, sink);
    at = found.end;
  }
  return encoder.encode(text, at, text.size(), units);
}

}  // namespace headrace::text
