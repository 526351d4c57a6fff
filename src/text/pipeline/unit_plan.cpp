#include "text/pipeline/unit_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "text/components/models/token_table.h"
#include "text/pipeline/bulk_plan.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

constexpr std::string_view kLowerBlock = "\xE2\x96\x81";  // ▁
constexpr TokenId kGreatestId = (1u << 24) - 2;           // of the tables of bulk/

/// How many scores may be added up without any rounding, whatever they are added to; 0 where that is few. Then
/// what is best between two barriers does not depend on what is before them.
size_t exact_sums(const std::vector<std::pair<std::string, double>>& pieces) {
  constexpr double kPenalty = 10;  // of unknown characters
  int finest = 0;
  double greatest = kPenalty;
  for (const auto& [spelling, score] : pieces) {
    if (!std::isfinite(score)) return 0;
    if (score == 0) continue;
    int exponent;
    const double fraction = std::frexp(std::abs(score), &exponent);
    const auto digits = static_cast<uint64_t>(std::ldexp(fraction, 53));
    finest = std::max(finest, 53 - std::countr_zero(digits) - exponent);
    greatest = std::max(greatest, std::abs(score) + kPenalty);
  }
  const double most = std::ldexp(1, 53 - finest) / greatest;
  return most >= 1 << 16 ? static_cast<size_t>(std::min(most, 1e9)) : 0;
}

bool lowers_ascii(const CharacterForms& forms) {
  for (char32_t c = 'A'; c <= 'Z'; ++c) {
    if (forms.form(c) != std::string(1, static_cast<char>(c | 0x20))) return false;
  }
  return true;
}

/// Whether a text is normalised to itself, and nothing in it separates.
bool is_word(const UnitCharacters& characters, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    uint32_t length;
    const char32_t c = utf8::decode(text.data() + at, length);
    const uint8_t code = characters.code(c);
    if (!(code & unit_code::kEasy) || characters.forms.is_changed(c)) return false;
    if ((code & unit_code::kSingle) && length < text.size()) return false;
    at += length;
  }
  return !text.empty();
}

/// A character that the normalizer sets apart, but leaves.
bool is_set_apart(const UnitCharacters& characters, std::string_view text) {
  uint32_t length;
  const char32_t c = text.empty() ? 0 : utf8::decode(text.data(), length);
  if (text.empty() || length != text.size() || !(characters.code(c) & unit_code::kSingle) || !characters.forms.is_changed(c)) return false;
  const std::string_view form = characters.forms.changed(c);
  return form.size() == length + 2 && form.substr(1, length) == text;
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

/// Words that are one token: entries that no normalizer changes and no pre-tokenizer cuts.
bool UnitPlan::add_word_piece(const WordPieceModel& model, UnitSpec& spec) const {
  const auto stage = std::dynamic_pointer_cast<const WordPieceStage>(stages_.model);
  const TokenTable& vocabulary = *model.vocabulary;
  auto characters = CharacterForms::of(stages_.normalizer.get());
  if (!stage || !characters || vocabulary.size() == 0 || vocabulary.id_at(vocabulary.size() - 1) > kGreatestId) return false;
  spec.codes = unit_codes(shape_, *characters, [](char32_t) { return false; });
  const auto known = std::make_shared<const UnitCharacters>(UnitCharacters{std::move(*characters), spec.codes});
  std::vector<WordPieceStage::Part> parts;
  for (size_t n = 0; n < vocabulary.size(); ++n) {
    if (!vocabulary.names_its_id(n)) return false;
    const std::string_view spelling = vocabulary.spelling_at(n);
    if (!is_word(*known, spelling) && !is_set_apart(*known, spelling)) continue;
    if (stage->divide(spelling, parts) && parts.size() == 1) spec.entries.push_back({spelling, vocabulary.id_at(n)});
  }
  spec.lowers_ascii = !shape_.capitals_matter && lowers_ascii(known->forms);
  spec.entries_are_certain = true;
  spec.model = std::make_shared<const WordPieceUnits>(known, stages_, stage);
  return true;
}

bool UnitPlan::add_unigram(const UnigramModel& model, UnitSpec& spec) const {
  const auto stage = std::dynamic_pointer_cast<const UnigramStage>(stages_.model);
  auto characters = CharacterForms::of(stages_.normalizer.get());
  const auto& pieces = *model.pieces;
  if (!stage || !characters || pieces.empty() || pieces.size() > kGreatestId || characters->form(' ') != " ") return false;
  const auto is_entry = [&](char32_t c) { return stage->is_piece(utf8::encode(c)); };
  spec.codes = unit_codes(shape_, *characters, is_entry);
  const auto known = std::make_shared<const UnitCharacters>(UnitCharacters{std::move(*characters), spec.codes});
  const bool rounds = model.unmatched && !model.unmatched->empty();
  spec.most_between_spaces = rounds ? 0 : exact_sums(pieces);
  const bool words = shape_.cut == UnitCut::Words;
  // What texts have of an entry, for which ▁ is a space.
  auto keys = std::make_shared<std::string>();
  size_t sum = 0;
  for (const auto& [spelling, score] : pieces) sum += spelling.size();
  keys->reserve(sum);
  std::vector<BulkEntry> written;
  for (TokenId id = 0; id < pieces.size(); ++id) {
    const std::string_view spelling = pieces[id].first;
    if (spelling.empty()) continue;
    const bool begins = spelling.starts_with(kLowerBlock);
    const std::string_view rest = begins ? spelling.substr(kLowerBlock.size()) : spelling;
    written.push_back({spelling, id});
    if (!begins && spec.most_between_spaces == 0) continue;
    if (!(rest.empty() ? begins && !words : is_word(*known, rest)) || !stage->is_piece(spelling)) continue;
    const size_t at = keys->size();
    if (begins) *keys += ' ';
    *keys += rest;
    spec.entries.push_back({std::string_view(*keys).substr(at), id});
  }
  spec.entry_bytes = std::move(keys);
  if (spec.most_between_spaces > 0) spec.barriers = std::make_shared<const Barriers>(written);
  spec.lowers_ascii = !shape_.capitals_matter && lowers_ascii(known->forms);
  spec.words_have_space = words;
  spec.first_is_special = !words;
  spec.joining_first_is_special = shape_.clusters;
  spec.model = std::make_shared<const UnigramUnits>(known, stages_, stage, !words);
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
    at = found.end;
    if (found.begin == found.end) continue;
    if (out.with_places) {
      out.added.emplace_back(out.ids.size(), text.substr(found.begin, found.end - found.begin));
      out.words.push_back(sink.next_word);
    }
    ++sink.next_word;
    sink.add(found.id, found.begin, found.end);
  }
  return encoder.encode(text, at, text.size(), units);
}

}  // namespace headrace::text
