#include "text/pipeline/bulk_shape.h"

#include <string>
#include <utility>
#include <vector>

#include "text/pipeline/flatten.h"
#include "text/pretokenize/published_families.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

template <class Part, class Spec>
const Part* part_at(const std::vector<Spec>& parts, size_t i) {
  return i < parts.size() ? std::get_if<Part>(&parts[i].value) : nullptr;
}

bool respells_spaces(const ReplaceNormalizer* part) {
  const auto* literal = part ? std::get_if<StringPattern>(&part->pattern) : nullptr;
  return literal && literal->text == " " && part->content == kMetaSymbol;
}

bool is_plain(const BpeModel& model) {
  const auto absent = [](const std::optional<std::string>& affix) { return !affix || affix->empty(); };
  return model.vocabulary && model.merges && (!model.dropout || *model.dropout == 0) && absent(model.continuing_subword_prefix) &&
         absent(model.end_of_word_suffix);
}

/// A pattern whose matches are the pieces.
const RegexPattern* splitting_pattern(const SplitPreTokenizer* split) {
  if (!split) return nullptr;
  const bool matches_are_pieces = (split->behavior == SplitBehavior::Isolated && !split->invert) ||
                                  (split->behavior == SplitBehavior::Removed && split->invert);
  return matches_are_pieces ? std::get_if<RegexPattern>(&split->pattern) : nullptr;
}

std::optional<SplitRules> byte_level_rules(const std::vector<PreTokenizerSpec>& parts) {
  if (parts.empty()) return std::nullopt;
  const auto* bytes = part_at<ByteLevelPreTokenizer>(parts, parts.size() - 1);
  if (!bytes || bytes->add_prefix_space) return std::nullopt;
  if (bytes->use_regex) {
    if (parts.size() == 1) return Gpt2Rules{};
    const auto* digits = part_at<Digits>(parts, 0);
    if (parts.size() == 2 && digits && digits->individual_digits) return Gpt2Rules{NumberCut::OneByOne};
    return std::nullopt;
  }
  std::vector<std::string> patterns;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto* split = part_at<SplitPreTokenizer>(parts, i);
    const RegexPattern* pattern = splitting_pattern(split);
    // What several patterns leave between their matches is a piece as well, so none may be lost.
    if (!pattern || (parts.size() > 2 && split->invert)) return std::nullopt;
    patterns.push_back(pattern->text);
  }
  return rules_of_patterns(patterns);
}

std::optional<BulkShape> byte_level(const std::vector<NormalizerSpec>& normalizers, const std::vector<PreTokenizerSpec>& parts) {
  BulkShape shape;
  shape.nfc = part_at<Nfc>(normalizers, 0) != nullptr;
  if (normalizers.size() > (shape.nfc ? 1u : 0u)) return std::nullopt;
  shape.rules = byte_level_rules(parts);
  return shape.rules ? std::optional(shape) : std::nullopt;
}

/// Splits a text at its spaces, of which there are none where this comes after ▁.
bool splits_at_spaces(const SplitPreTokenizer* split) {
  const auto* literal = split ? std::get_if<StringPattern>(&split->pattern) : nullptr;
  return literal && literal->text == " " && !split->invert;
}

/// The strings that a pattern is a choice of, the longest first, as user-defined pieces are written; none for other patterns.
std::optional<std::vector<std::string>> choice_of_strings(std::string_view pattern) {
  std::vector<std::string> strings(1);
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '|') {
      strings.emplace_back();
      continue;
    }
    if (c == '\\') {
      constexpr std::string_view kEscaped = R"(\^$.|?*+()[]{}-/#&~)";
      if (++i == pattern.size() || kEscaped.find(pattern[i]) == std::string_view::npos) return std::nullopt;
    } else if (std::string_view("^$.?*+()[]{} ").find(c) != std::string_view::npos) {
      return std::nullopt;
    }
    strings.back() += pattern[i];
  }
  for (size_t i = 0; i < strings.size(); ++i) {
    // What has ▁ may have it of a space, or of what is put in front.
    if (strings[i].empty() || strings[i].find(kMetaSymbol) != std::string::npos) return std::nullopt;
    if (i > 0 && strings[i].size() > strings[i - 1].size()) return std::nullopt;
  }
  return strings;
}

/// Strings that are cut out of a text; false for other ways of splitting.
bool recognise_cut_out(const SplitPreTokenizer* split, BulkShape& shape) {
  const auto* pattern = split ? std::get_if<RegexPattern>(&split->pattern) : nullptr;
  if (!pattern || split->invert || split->behavior != SplitBehavior::Isolated) return false;
  auto strings = choice_of_strings(pattern->text);
  if (strings) shape.cut_out = std::move(*strings);
  return strings.has_value();
}

std::optional<BulkShape> sentencepiece(const std::vector<NormalizerSpec>& normalizers, const std::vector<PreTokenizerSpec>& parts) {
  BulkShape shape;
  shape.kind = BulkShape::Kind::SentencePiece;
  if (normalizers.empty()) {
    const auto* spaces = part_at<MetaspacePreTokenizer>(parts, 0);
    if (parts.size() != 1 || !spaces || spaces->replacement != U'▁' || spaces->split) return std::nullopt;
    shape.prefix = spaces->prepend_scheme == PrependScheme::Never    ? BulkShape::Prefix::None
                   : spaces->prepend_scheme == PrependScheme::Always ? BulkShape::Prefix::UnlessThere
                                                                     : BulkShape::Prefix::FirstUnlessThere;
    return shape;
  }
  shape.respells_early = true;
  const auto* prepend = part_at<Prepend>(normalizers, 0);
  if (prepend && prepend->prepend == kMetaSymbol) shape.prefix = BulkShape::Prefix::Always;
  const size_t replaces = prepend ? 1 : 0;
  if (prepend && prepend->prepend != kMetaSymbol) return std::nullopt;
  if (normalizers.size() != replaces + 1 || !respells_spaces(part_at<ReplaceNormalizer>(normalizers, replaces))) return std::nullopt;
  const auto* split = part_at<SplitPreTokenizer>(parts, 0);
  if (parts.empty() || (parts.size() == 1 && (splits_at_spaces(split) || recognise_cut_out(split, shape)))) return shape;
  return std::nullopt;
}

}  // namespace

std::optional<ByteLevelShape> recognise_byte_level(const LivePart<NormalizerSpec>& normalizer,
                                                   const LivePart<PreTokenizerSpec>& pre_tokenizer) {
  std::vector<NormalizerSpec> normalizers;
  std::vector<PreTokenizerSpec> parts;
  flatten<NormalizerSequence>(normalizer, normalizers);
  flatten<PreTokenizerSequence>(pre_tokenizer, parts);
  bool prefix_space = false;
  if (parts.size() == 1) {
    if (auto* bytes = std::get_if<ByteLevelPreTokenizer>(&parts[0].value)) prefix_space = std::exchange(bytes->add_prefix_space, false);
  }
  const auto shape = byte_level(normalizers, parts);
  if (!shape) return std::nullopt;
  return ByteLevelShape{*shape->rules, shape->nfc, prefix_space};
}

std::optional<BulkShape> recognise(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                   const ModelSpec& model) {
  const auto* bpe = std::get_if<BpeModel>(&model.value);
  if (!bpe || !is_plain(*bpe)) return std::nullopt;
  std::vector<NormalizerSpec> normalizers;
  std::vector<PreTokenizerSpec> parts;
  flatten<NormalizerSequence>(normalizer, normalizers);
  flatten<PreTokenizerSequence>(pre_tokenizer, parts);
  std::optional<BulkShape> shape = byte_level(normalizers, parts);
  if (!shape && bpe->byte_fallback) {
    shape = sentencepiece(normalizers, parts);
    if (shape) shape->takes_whole = bpe->ignore_merges;
  }
  if (shape) shape->model = *bpe;
  return shape;
}

}  // namespace headrace::text
