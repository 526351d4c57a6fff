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
/// The same where all of a text is one word, of scores. One unit beside others has no more than the half of it.
constexpr double kGreatestScore = 1 << 28;
constexpr double kGreatestPieceScore = 1 << 14;
/// Unknown characters are so much less likely than the rarest piece.
constexpr double kPenalty = 10;

/// How far from zero the score of a character is at most; none if scores are not numbers.
std::optional<double> greatest_score(const std::vector<std::pair<std::string, double>>& pieces) {
  double greatest = kPenalty;
  for (const auto& [spelling, score] : pieces) {
    if (!std::isfinite(score)) return std::nullopt;
    greatest = std::max(greatest, std::abs(score) + kPenalty);
  }
  return greatest;
}

/// How far a difference between two sums of scores may be off for each byte that they are of: four additions, each by half a unit
/// in the last place of the greatest sum, for words that normalizing makes eight times as long.
double rounding_of(double greatest_sum) { return 4 * 8 * std::ldexp(greatest_sum, -53); }

std::optional<double> rounding_in_words(double greatest) {
  const double rounding = rounding_of(greatest * static_cast<double>(kLongestWithBarriers + kMetaSymbol.size()));
  constexpr double kMost = 1e-5;  // more and too many words would be encoded whole
  return rounding < kMost ? std::optional(rounding) : std::nullopt;
}

/// Whether ▁ begins a token wherever it follows another character, and its token is never unknown. Scores above zero could
/// make unknown characters win over pieces.
bool spaces_begin_tokens(const std::vector<std::pair<std::string, double>>& pieces, const UnigramStage& model) {
  const auto follows = [](std::string_view piece) {
    while (piece.starts_with(kMetaSymbol)) piece.remove_prefix(kMetaSymbol.size());
    return piece.find(kMetaSymbol) != std::string_view::npos;
  };
  return model.is_piece(kMetaSymbol) &&
         std::ranges::none_of(pieces, [&](const auto& piece) { return piece.second > 0 || follows(piece.first); });
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
  const auto greatest = rounds ? std::nullopt : greatest_score(pieces);
  auto rounding = greatest ? rounding_in_words(*greatest) : std::nullopt;
  if (shape_.one_word) {
    if (!greatest || *greatest > kGreatestPieceScore || !spaces_begin_tokens(pieces, *stage)) return false;
    rounding = rounding_of(kGreatestScore);
    spec.one_word = true;
    spec.greatest_score = kGreatestScore / 2;
  }
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
  spec.model = std::make_shared<const UnigramUnits>(characters, stages_, stage, !words, shape_.one_word, rounding.value_or(0));
  return true;
}

std::unique_ptr<const UnitEncoder> UnitPlan::build() const {
  UnitSpec spec;
  spec.cut = shape_.cut;
  const auto* word_piece = std::get_if<WordPieceModel>(&model_.value);
  if (!(word_piece ? add_word_piece(*word_piece, spec) : add_unigram(std::get<UnigramModel>(model_.value), spec))) return nullptr;
  return std::make_unique<const UnitEncoder>(std::move(spec));
}

Result<void> UnitPlan::encode_stretch(const UnitEncoder& encoder, std::string_view text, size_t begin, size_t end, TokenSink& sink,
                                      BulkTokens& out) const {
  const UnitSink units{&sink, &out.added};
  if (!shape_.one_word) return encoder.encode(text, begin, end, units);
  const uint32_t word = sink.next_word;
  HR_CHECK(encoder.encode(text, begin, end, units));
  const bool any = out.with_places && out.words.size() < out.ids.size();
  if (any) out.words.resize(out.ids.size(), word);
  sink.next_word = word + (any ? 1 : 0);
  return {};
}

Result<void> UnitPlan::encode(const UnitEncoder& encoder, std::string_view text, const AddedTokenFinder& added, bool encode_special,
                              BulkTokens& out) const {
  const bool words = out.with_places && !shape_.one_word;
  TokenSink sink{&out.ids, out.with_places ? &out.offsets : nullptr, words ? &out.words : nullptr};
  size_t at = 0;
  for (const AddedTokenFinder::Found& found : added.find_raw(text, encode_special)) {
    HR_CHECK(encode_stretch(encoder, text, at, found.begin, sink, out));
    out.add(found, text, sink);
    at = found.end;
  }
  return encode_stretch(encoder, text, at, text.size(), sink, out);
}

}  // namespace headrace::text
