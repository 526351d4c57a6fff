#include "text/pipeline/unit_shape.h"

#include <algorithm>
#include <string_view>

#include "text/components/pre_tokenizers/character_tests.h"
#include "text/pipeline/flatten.h"
#include "text/strings/reference_unicode.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

template <class... Parts, class Spec>
bool is_one_of(const Spec& spec) {
  return (std::holds_alternative<Parts>(spec.value) || ...);
}

bool has_white_space(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    uint32_t length;
    if (reference_unicode::is_white_space(utf8::decode(text.data() + at, length))) return true;
    at += length;
  }
  return false;
}

/// How the pieces of a Unigram text are cut; none for ways that are not known.
bool recognise_metaspace(const std::vector<PreTokenizerSpec>& parts, UnitShape& shape) {
  if (parts.empty()) return false;
  const auto* spaces = std::get_if<MetaspacePreTokenizer>(&parts.back().value);
  if (!spaces || spaces->replacement != kMetaCharacter) return false;
  if (parts.size() == 2) return is_one_of<WhitespaceSplit>(parts[0]) && spaces->prepend_scheme == PrependScheme::Always;
  // Pieces of several ▁ are common where nothing is split.
  shape.one_word = !spaces->split;
  shape.cut = shape.one_word ? UnitCut::SpaceLedLonely : UnitCut::SpaceLed;
  shape.only_first_prefixed = spaces->prepend_scheme == PrependScheme::First;
  return parts.size() == 1;
}

/// Strings that are replaced may meet only what the text itself has, or what all other parts have made of it.
bool recognise_replacement(const ReplaceNormalizer& part, bool first_or_last, UnitShape& shape) {
  if (const auto* pattern = std::get_if<RegexPattern>(&part.pattern)) {
    if (pattern->text != " {2,}") return false;
    if (shape.cut == UnitCut::Words) return part.content == " ";
    shape.cut = UnitCut::SpaceLedLonely;
    return true;
  }
  const std::string& literal = std::get<StringPattern>(part.pattern).text;
  if (literal.empty() || !first_or_last || has_white_space(literal) || has_white_space(part.content)) return false;
  shape.irregular += literal;
  shape.capitals_matter = true;
  return true;
}

bool recognise_normalizers(const std::vector<NormalizerSpec>& parts, UnitShape& shape) {
  const auto is_replacement = [](const NormalizerSpec& part) {
    const auto* replace = std::get_if<ReplaceNormalizer>(&part.value);
    return replace && std::holds_alternative<StringPattern>(replace->pattern);
  };
  for (size_t i = 0; i < parts.size(); ++i) {
    if (is_one_of<Nfc, Nfkc>(parts[i])) shape.capitals_matter = true;
    if (works_on_characters(parts[i])) continue;
    if (is_one_of<StripNormalizer>(parts[i])) {
      if (shape.cut != UnitCut::Words) shape.cut = UnitCut::SpaceLedLonely;
    } else if (const auto* charsmap = std::get_if<Precompiled>(&parts[i].value)) {
      if (charsmap->longest_match) return false;
      shape.clusters = shape.capitals_matter = true;
    } else if (const auto* replace = std::get_if<ReplaceNormalizer>(&parts[i].value)) {
      const auto first = parts.begin(), here = first + static_cast<ptrdiff_t>(i);
      const bool first_or_last = std::all_of(first, here, is_replacement) || std::all_of(here, parts.end(), is_replacement);
      if (!recognise_replacement(*replace, first_or_last, shape)) return false;
    } else {
      return false;
    }
  }
  return true;
}

// ---- Characters ----

bool depends_on_previous(const UnitShape& shape, char32_t c) {
  namespace unicode = reference_unicode;
  if (unicode::combining_class(c) != 0) return true;
  if (unicode::flags(c) & (unicode::kCombiningMark | unicode::kNonspacingMark | unicode::kComposesWithPrevious)) return true;
  if (!shape.clusters) return false;
  using enum unicode::ClusterClass;
  const auto cluster = unicode::cluster_class(c);
  return cluster == Extend || cluster == ZeroWidthJoiner || cluster == SpacingMark || cluster == VowelJamo || cluster == TrailingJamo;
}

/// Whether a character may be in a cluster with what is after it, whatever that is; and with a letter.
bool holds_next(char32_t c) { return c == '\r' || reference_unicode::cluster_class(c) == reference_unicode::ClusterClass::Prepend; }
bool may_hold_next(char32_t c) {
  using enum reference_unicode::ClusterClass;
  const auto cluster = reference_unicode::cluster_class(c);
  return holds_next(c) || cluster == RegionalIndicator || cluster == LeadingJamo;
}

std::vector<char32_t> characters_of(std::string_view text) {
  std::vector<char32_t> characters;
  for (size_t at = 0; at < text.size();) {
    uint32_t length;
    characters.push_back(utf8::decode(text.data() + at, length));
    at += length;
  }
  return characters;
}

bool is_space(char32_t c) { return reference_unicode::is_white_space(c); }

uint8_t word_piece_code(const std::vector<char32_t>& form) {
  using namespace unit_code;
  if (form.size() == 1 && is_space(form[0])) return kSpace;
  if (form.size() == 1 && is_reference_punctuation(form[0])) return kSingle | kEasy;
  if (form.size() == 3 && is_space(form[0]) && !is_space(form[1]) && is_space(form[2])) return kSingle | kEasy;
  const bool word = std::ranges::none_of(form, [](char32_t c) { return is_space(c) || is_reference_punctuation(c); });
  return word ? kEasy : 0;
}

uint8_t unigram_code(const UnitShape& shape, char32_t c, const std::vector<char32_t>& form) {
  using namespace unit_code;
  const auto irregular = characters_of(shape.irregular);
  const auto replaced = [&](char32_t each) { return std::ranges::find(irregular, each) != irregular.end(); };
  uint8_t code = 0;
  if (shape.clusters && holds_next(c)) code |= kGlue;
  const bool lonely = shape.cut == UnitCut::SpaceLedLonely;
  if (form.size() == 1 && is_space(form[0])) {
    // Where spaces lead, only those that become U+0020 do, and lonely ones are of one byte.
    const bool leads = form[0] == ' ' && (!lonely || c < 0x80);
    if (shape.cut == UnitCut::Words || leads) return code | kSpace;
    return code;
  }
  if (replaced(c) || std::ranges::any_of(form, replaced)) return code;
  // Where nothing is split, ▁ of the text's own is one with the spaces beside it.
  const auto is_open = [&](char32_t each) { return is_space(each) || (shape.one_word && each == kMetaCharacter); };
  if (!is_open(form.front()) && !is_open(form.back()) && code == 0) code |= kSolid;
  const bool plain = std::ranges::none_of(form, [](char32_t each) { return is_space(each) || each == kMetaCharacter; });
  if (plain && c != kMetaCharacter && !(shape.clusters && may_hold_next(c))) code |= kEasy;
  return code;
}

}  // namespace

bool works_on_characters(const NormalizerSpec& part) {
  return is_one_of<BertNormalizer, Nfc, Nfd, Nfkc, Nfkd, Nmt, Lowercase, StripAccents>(part);
}

uint8_t unit_code_of(const UnitShape& shape, char32_t c, std::optional<std::string_view> form) {
  if (!form || form->empty() || depends_on_previous(shape, c)) return unit_code::kJoining;
  const std::vector<char32_t> characters = characters_of(*form);
  if (depends_on_previous(shape, characters[0])) return unit_code::kJoining;
  return shape.kind == UnitShape::Kind::WordPiece ? word_piece_code(characters) : unigram_code(shape, c, characters);
}

std::optional<UnitShape> recognise_units(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer,
                                         const ModelSpec& model) {
  std::vector<NormalizerSpec> normalizers;
  std::vector<PreTokenizerSpec> parts;
  flatten<NormalizerSequence>(normalizer, normalizers);
  flatten<PreTokenizerSequence>(pre_tokenizer, parts);
  UnitShape shape;
  if (const auto* pieces = std::get_if<WordPieceModel>(&model.value)) {
    const bool bert = parts.size() == 1 && is_one_of<BertPreTokenizer>(parts[0]);
    if (!bert || !pieces->vocabulary || !std::ranges::all_of(normalizers, works_on_characters)) return std::nullopt;
    recognise_normalizers(normalizers, shape);
    shape.normalizers = std::move(normalizers);
    return shape;
  }
  const auto* unigram = std::get_if<UnigramModel>(&model.value);
  if (!unigram || !unigram->pieces || (unigram->alpha && *unigram->alpha != 0)) return std::nullopt;
  shape.kind = UnitShape::Kind::Unigram;
  if (!recognise_metaspace(parts, shape) || !recognise_normalizers(normalizers, shape)) return std::nullopt;
  shape.normalizers = std::move(normalizers);
  return shape;
}

}  // namespace headrace::text
