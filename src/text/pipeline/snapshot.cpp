#include "text/pipeline/snapshot.h"

#include <iterator>
#include <limits>

#include "text/pipeline/character_index.h"
#include "text/pipeline/truncation.h"
#include "text/strings/growth.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

Result<void> check_size(size_t bytes) {
  if (bytes < std::numeric_limits<uint32_t>::max()) return {};
  return fail(ErrorKind::OutOfRange,
              "the text has " + std::to_string(bytes) + " bytes, more than an offset can count; encode it in parts below 4 GiB");
}

/// The text as valid UTF-8.
Result<std::string> checked(std::string_view text, InvalidUtf8 invalid) {
  HR_CHECK(check_size(text.size()));
  if (invalid == InvalidUtf8::Trust) return std::string(text);
  const size_t valid = utf8::valid_prefix(text);
  if (valid == text.size()) return std::string(text);
  if (invalid == InvalidUtf8::Refuse) {
    return fail(ErrorKind::InvalidArgument,
                "the text is not valid UTF-8 at byte " + std::to_string(valid) + "; mend it or ask for invalid bytes to be replaced");
  }
  std::string repaired;
  if (utf8::append_repaired(repaired, text, utf8::Repair::EachPart) > 0) repaired += utf8::kReplacement;
  return repaired;
}

std::vector<TokenId> ids_of(const PreTokenizedString& pieces) {
  std::vector<TokenId> ids;
  for (const PreTokenizedString::Split& split : pieces.splits()) {
    for (const ModelToken& token : *split.tokens) ids.push_back(token.id);
  }
  return ids;
}

/// Tokens as ids alone.
Encoding encoding_of_ids(std::vector<TokenId> ids) {
  Encoding encoding;
  encoding.ids = std::move(ids);
  const size_t size = encoding.ids.size();
  encoding.type_ids.assign(size, 0);
  encoding.tokens.assign(size, {});
  encoding.words.assign(size, Encoding::kNoWord);
  encoding.offsets.assign(size, {});
  encoding.special_tokens_mask.assign(size, 0);
  encoding.attention_mask.assign(size, 1);
  return encoding;
}

/// What the tokens of a text in bulk are as an Encoding, `word` as for PreTokenizedString::into_encoding.
Encoding encoding_of(BulkTokens tokens, std::string_view text, const ModelStage& model, std::optional<uint32_t> word, uint32_t type_id,
                     OffsetUnit unit) {
  Encoding encoding;
  const size_t size = tokens.ids.size();
  encoding.tokens.reserve(size);
  auto added = tokens.added.begin();
  for (size_t i = 0; i < size; ++i) {
    const bool is_added = added != tokens.added.end() && added->first == i;
    encoding.tokens.push_back(is_added ? std::move((added++)->second) : model.id_to_token(tokens.ids[i]).value_or(""));
  }
  if (unit == OffsetUnit::Character) {
    const CharacterIndex characters(text);
    for (Offset& offset : tokens.offsets) offset = characters.convert(offset).value_or(offset);
  }
  if (word) tokens.words.assign(size, *word);
  encoding.ids = std::move(tokens.ids);
  encoding.offsets = std::move(tokens.offsets);
  encoding.words = std::move(tokens.words);
  encoding.type_ids.assign(size, type_id);
  encoding.special_tokens_mask.assign(size, 0);
  encoding.attention_mask.assign(size, 1);
  return encoding;
}

/// Merging makes every combination of the windows of its parts.
Result<void> check_merged_size(const std::vector<Encoding>& parts, size_t own) {
  size_t windows = 1, tokens = 0;
  for (const Encoding& part : parts) {
    tokens += part.size();
    if (__builtin_mul_overflow(windows, 1 + part.overflowing.size(), &windows)) windows = std::numeric_limits<size_t>::max();
    own += part.overflowing.empty() ? 0 : part.size() * part.overflowing.size();
  }
  return check_encoding_growth(own, windows, tokens);
}

}  // namespace

Result<std::vector<ModelToken>> Snapshot::tokenize_untrusted(std::string_view text) const {
  std::vector<ModelToken> all;
  std::vector<Offset> parts = {{0, static_cast<uint32_t>(text.size())}};  // the next one is the last
  while (!parts.empty()) {
    const Offset part = parts.back();
    parts.pop_back();
    std::vector<ModelToken> tokens;
    HR_CHECK(model->tokenize(text.substr(part.begin, part.end - part.begin), tokens));
    std::vector<Offset> cut;
    uint32_t begin = part.begin;
    for (ModelToken& token : tokens) {
      token.offsets = {token.offsets.begin + part.begin, token.offsets.end + part.begin};
      const auto covered = text.substr(token.offsets.begin, token.offsets.end - token.offsets.begin);
      if (covered.empty() || !added->is_special_id(token.id)) continue;
      if (token.id == unknown && covered != *added->spelling(token.id)) continue;
      const uint32_t end = token.offsets.begin + utf8::length_by_lead(covered[0]);
      if (end == token.offsets.end) {
        return fail(ErrorKind::InvalidArgument, "the text that is not trusted has \"" + std::string(covered) +
                                                    "\", which this vocabulary can only spell as a special token; take it out");
      }
      cut.push_back({begin, end});
      begin = end;
    }
    if (cut.empty()) {
      std::move(tokens.begin(), tokens.end(), std::back_inserter(all));
      continue;
    }
    cut.push_back({begin, part.end});
    parts.insert(parts.end(), cut.rbegin(), cut.rend());
  }
  return all;
}

Result<Encoding> Snapshot::encode_text(std::string text, std::optional<uint32_t> word, uint32_t type_id, const PipelineOptions& options,
                                       const SpecialTokenPlaces& places) const {
  const bool may_be_bulk = bulk && places.untrusted.empty() && (options.ids_only || !bulk->leaves_out(text));
  if (may_be_bulk && bulk->takes(text.size(), *added)) {
    BulkTokens tokens;
    tokens.with_places = !options.ids_only;
    HR_CHECK(bulk->encode(text, *added, places.nowhere, tokens));
    if (options.ids_only) return encoding_of_ids(std::move(tokens.ids));
    return encoding_of(std::move(tokens), text, *model, word, type_id, options.unit);
  }
  HR_TRY(auto pieces, added->extract(std::move(text), normalizer.get(), places));
  if (pre_tokenizer) HR_CHECK(pre_tokenizer->pre_tokenize(pieces));
  HR_CHECK(pieces.tokenize([&](const NormalizedString& piece) -> Result<std::vector<ModelToken>> {
    if (places.touches_untrusted(piece.original_offsets())) return tokenize_untrusted(piece.normalized());
    std::vector<ModelToken> tokens;
    HR_CHECK(model->tokenize(piece.normalized(), tokens));
    return tokens;
  }));
  if (options.ids_only) return encoding_of_ids(ids_of(pieces));
  return pieces.into_encoding(word, type_id, options.unit);
}

Result<Encoding> Snapshot::encode_sequence(const SequenceInput& input, uint32_t type_id, const PipelineOptions& options) const {
  const SpecialTokenPlaces places{options.encode_special_tokens.value_or(encode_special_tokens), {}};
  if (const auto* text = std::get_if<std::string_view>(&input)) {
    HR_TRY(auto valid, checked(*text, options.invalid_utf8));
    return encode_text(std::move(valid), std::nullopt, type_id, options, places);
  }
  Encoding sequence;
  uint32_t word = 0;
  for (const std::string& text : std::get<std::span<const std::string>>(input)) {
    HR_TRY(auto valid, checked(text, options.invalid_utf8));
    HR_TRY(auto encoding, encode_text(std::move(valid), word++, type_id, options, places));
    sequence.merge_with(std::move(encoding), false);
  }
  return sequence;
}

Result<Encoding> Snapshot::encode(const PipelineInput& input, const PipelineOptions& options) const {
  HR_TRY(auto first, encode_sequence(input.first, 0, options));
  std::optional<Encoding> second;
  if (input.second) {
    HR_TRY(second, encode_sequence(*input.second, 1, options));
  }
  return post_process(std::move(first), std::move(second), options);
}

bool Snapshot::makes_ids_alone(size_t bytes, const PipelineOptions& options) const {
  const bool changed_later = (truncation && options.truncate) || (padding && options.pad);
  return bulk && surroundings && !changed_later && bulk->takes(bytes, *added);
}

Result<void> Snapshot::append_ids(std::string_view text, const PipelineOptions& options, std::vector<TokenId>& ids,
                                  std::vector<Offset>* offsets) const {
  const auto is_valid = [&] { return options.invalid_utf8 == InvalidUtf8::Trust || utf8::valid_prefix(text) == text.size(); };
  if (!offsets && check_size(text.size()) && is_valid() && makes_ids_alone(text.size(), options)) {
    BulkTokens tokens;
    tokens.ids = std::move(ids);
    // PERF: three bytes a token are few, so that growing, and copying what there is, is rare.
    if (tokens.ids.empty()) tokens.ids.reserve(text.size() / 3 + 16);
    const auto add_all = [&](const std::vector<TokenId>& special) {
      if (options.add_special_tokens) tokens.ids.insert(tokens.ids.end(), special.begin(), special.end());
    };
    add_all(surroundings->before);
    const Result<void> encoded = bulk->encode(text, *added, options.encode_special_tokens.value_or(encode_special_tokens), tokens);
    add_all(surroundings->after);
    ids = std::move(tokens.ids);
    return encoded;
  }
  PipelineOptions wanted = options;
  wanted.ids_only = offsets == nullptr;
  HR_TRY(auto encoding, encode({text, std::nullopt}, wanted));
  ids.insert(ids.end(), encoding.ids.begin(), encoding.ids.end());
  if (offsets) offsets->insert(offsets->end(), encoding.offsets.begin(), encoding.offsets.end());
  return {};
}

Result<Encoding> Snapshot::encode_segments(std::span<const TextSegment> segments, const PipelineOptions& options) const {
  std::string text;
  std::vector<Offset> untrusted;
  for (const TextSegment& segment : segments) {
    const size_t begin = text.size();
    HR_TRY(auto valid, checked(segment.text, options.invalid_utf8));
    text += valid;
    HR_CHECK(check_size(text.size()));
    if (segment.trusted || text.size() == begin) continue;
    if (!untrusted.empty() && untrusted.back().end == begin) {
      untrusted.back().end = static_cast<uint32_t>(text.size());
    } else {
      untrusted.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(text.size())});
    }
  }
  HR_TRY(auto encoding, encode_text(std::move(text), std::nullopt, 0, options, {false, untrusted}));
  return post_process(std::move(encoding), std::nullopt, options);
}

Result<Encoding> Snapshot::post_process(Encoding first, std::optional<Encoding> second, const PipelineOptions& options) const {
  if (truncation && options.truncate) {
    TruncationParams params = *truncation;
    // More special tokens than room wraps around to no limit at all, as in the reference.
    if (options.add_special_tokens) params.max_length -= added_tokens(second.has_value());
    HR_CHECK(truncate(first, second, params));
  }
  HR_TRY(auto encoding, apply(post_processor.get(), std::move(first), std::move(second), options.add_special_tokens));
  if (padding && options.pad) HR_CHECK(pad({&encoding, 1}, *padding));
  return encoding;
}

std::optional<std::string> Snapshot::spelling(TokenId id) const {
  if (const std::string* token = added->spelling(id)) return *token;
  return model->id_to_token(id);
}

std::optional<DecodePlan::Token> Snapshot::decoded_token(TokenId id) const {
  auto token = spelling(id);
  if (!token) return std::nullopt;
  const bool special = added->is_special(*token);
  return DecodePlan::Token{std::move(*token), special};
}

Result<std::string> Snapshot::decode(std::span<const TokenId> ids, bool skip_special_tokens) const {
  if (bulk_decoder && bulk_decoder->takes(ids.size(), [this](TokenId id) { return decoded_token(id); })) return bulk_decoder->decode(ids, skip_special_tokens);
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const TokenId id : ids) {
    auto token = spelling(id);
    if (!token || (skip_special_tokens && added->is_special(*token))) continue;
    tokens.push_back(std::move(*token));
  }
  if (decoder) {
    HR_TRY(tokens, decoder->decode_chain(std::move(tokens)));
  }
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && !decoder) text += ' ';
    text += tokens[i];
  }
  return text;
}

Result<Encoding> apply(const PostProcessorStage* post_processor, Encoding first, std::optional<Encoding> second,
                       bool add_special_tokens) {
  if (!post_processor && !second) return first;
  const size_t own = first.size() + (second ? second->size() : 0);
  std::vector<Encoding> encodings;
  encodings.push_back(std::move(first));
  if (second) encodings.push_back(std::move(*second));
  for (uint32_t sequence = 0; sequence < encodings.size(); ++sequence) {
    Encoding& encoding = encodings[sequence];
    encoding.set_sequence_id(sequence);
    if (!post_processor) continue;
    encoding.set_type_ids(sequence);
    for (Encoding& more : encoding.overflowing) more.set_sequence_id(sequence);
  }
  if (post_processor) {
    HR_TRY(encodings, post_processor->process(std::move(encodings), add_special_tokens));
  }
  HR_CHECK(check_merged_size(encodings, own));
  return Encoding::merge(std::move(encodings), false);
}

}  // namespace headrace::text
