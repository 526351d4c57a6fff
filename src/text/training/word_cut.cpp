#include "text/training/word_cut.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "text/pipeline/flatten.h"
#include "text/pipeline/unit_shape.h"

namespace headrace::text {
namespace {

bool has_space(std::string_view text) { return text.find(' ') != std::string_view::npos; }

bool replaces_word_parts(const NormalizerSpec& part) {
  const auto* replace = std::get_if<ReplaceNormalizer>(&part.value);
  const auto* literal = replace ? std::get_if<StringPattern>(&replace->pattern) : nullptr;
  return literal && !literal->text.empty() && !has_space(literal->text) && !has_space(replace->content);
}

/// The pattern that SentencePiece's removal of extra spaces is written as.
bool removes_extra_spaces(const NormalizerSpec& part) {
  const auto* replace = std::get_if<ReplaceNormalizer>(&part.value);
  const auto* pattern = replace ? std::get_if<RegexPattern>(&replace->pattern) : nullptr;
  return pattern && pattern->text == " {2,}" && replace->content == " ";
}

/// Whether what becomes of a unit does not depend on its neighbours.
bool work_within_units(const std::vector<NormalizerSpec>& parts) {
  const auto works = [](const auto& part) { return works_on_characters(part) || replaces_word_parts(part) || removes_extra_spaces(part); };
  // A visible character that is replaced by nothing, or by a space, may be all that there is between spaces.
  const bool both = std::ranges::any_of(parts, replaces_word_parts) && std::ranges::any_of(parts, removes_extra_spaces);
  return !both && std::ranges::all_of(parts, works);
}

/// Whether the first pre-tokenizer cuts before or at every space between a visible character and a letter.
bool cuts_at_spaces(const PreTokenizerSpec& part) {
  if (const auto* bytes = std::get_if<ByteLevelPreTokenizer>(&part.value)) return bytes->use_regex;
  if (const auto* spaces = std::get_if<MetaspacePreTokenizer>(&part.value)) return spaces->split;
  if (const auto* split = std::get_if<CharDelimiterSplit>(&part.value)) return split->delimiter == U' ';
  return std::holds_alternative<Whitespace>(part.value) || std::holds_alternative<WhitespaceSplit>(part.value) ||
         std::holds_alternative<BertPreTokenizer>(part.value);
}

/// Whether a later pre-tokenizer makes the same of a piece wherever it is in the text.
bool works_on_pieces(const PreTokenizerSpec& part) {
  if (const auto* spaces = std::get_if<MetaspacePreTokenizer>(&part.value)) return spaces->prepend_scheme != PrependScheme::First;
  return !std::holds_alternative<CustomPreTokenizer>(part.value);
}

bool cuts_into_units(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer) {
  std::vector<NormalizerSpec> normalizers;
  std::vector<PreTokenizerSpec> parts;
  flatten<NormalizerSequence>(normalizer, normalizers);
  flatten<PreTokenizerSequence>(pre_tokenizer, parts);
  return !parts.empty() && cuts_at_spaces(parts[0]) && std::all_of(parts.begin() + 1, parts.end(), works_on_pieces) &&
         work_within_units(normalizers);
}

bool is_visible(char c) { return c > ' ' && c < 0x7F; }
bool is_alphanumeric(char c) {
  const auto in = [c](char first, char last) { return c >= first && c <= last; };
  return in('a', 'z') || in('A', 'Z') || in('0', '9');
}

}  // namespace

WordCut recognise_words(const LivePart<NormalizerSpec>& normalizer, const LivePart<PreTokenizerSpec>& pre_tokenizer) {
  WordCut cut;
  cut.pieces = recognise_byte_level(normalizer, pre_tokenizer);
  if (cut.pieces) {
    cut.kind = WordCut::Kind::Pieces;
  } else if (cuts_into_units(normalizer, pre_tokenizer)) {
    cut.kind = WordCut::Kind::Units;
  }
  return cut;
}

size_t unit_end(std::string_view text, size_t begin) {
  for (size_t at = begin + 1; at + 1 < text.size(); ++at) {
    const void* space = std::memchr(text.data() + at, ' ', text.size() - 1 - at);
    if (!space) break;
    at = static_cast<size_t>(static_cast<const char*>(space) - text.data());
    if (is_visible(text[at - 1]) && is_alphanumeric(text[at + 1])) return at;
  }
  return text.size();
}

}  // namespace headrace::text
