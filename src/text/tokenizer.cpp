#include "text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "text/decode/text_assembler.h"
#include "text/encode/segment_encoder.h"
#include "text/unicode/edited_text.h"
#include "text/unicode/utf8.h"
#include "text/vocabulary/added_tokens.h"
#include "text/vocabulary/meta_symbol.h"
#include "text/vocabulary/token_bytes.h"
#include "text/vocabulary/vocabulary.h"

namespace headrace::text {
namespace {

constexpr size_t kLongestText = size_t{1} << 30;

/// In SentencePiece vocabularies a user-defined token of spaces alone ("  ") is spelled
/// with ▁ in the model itself, and joins like any other token there.
void respell_spaces(TokenizerSource& source) {
  for (size_t id = 0; id < source.tokens.size() && id < source.kinds.size(); ++id) {
    std::string& token = source.tokens[id];
    if (source.kinds[id] != TokenKind::UserDefined || token.empty()) continue;
    if (token.find_first_not_of(' ') != std::string::npos) continue;
    std::string spelled;
    for (size_t i = 0; i < token.size(); ++i) spelled += kMetaSymbol;
    token = std::move(spelled);
  }
}

Result<void> check_named_ids(const TokenizerSource& source) {
  const std::pair<const char*, std::optional<TokenId>> named[] = {
      {"bos", source.bos}, {"eos", source.eos}, {"eot", source.eot}, {"eom", source.eom},
      {"unknown", source.unk}, {"padding", source.pad}, {"separator", source.sep}};
  for (const auto& [name, id] : named) {
    if (!id || *id < source.tokens.size()) continue;
    return fail(ErrorKind::InvalidData, fmt::format("The {} token is {}, but the vocabulary has only {} tokens.", name,
                                                    *id, source.tokens.size()));
  }
  for (const TokenId id : source.end_of_generation) {
    if (id < source.tokens.size()) continue;
    return fail(ErrorKind::InvalidData, fmt::format("End-of-generation token {} is outside the vocabulary of {} tokens.",
                                                    id, source.tokens.size()));
  }
  return {};
}

std::vector<TokenId> ends_of_generation(const TokenizerSource& source) {
  std::vector<TokenId> ids = source.end_of_generation;
  for (const auto id : {source.eos, source.eot, source.eom}) {
    if (id) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

struct Tokenizer::State {
  explicit State(Vocabulary entries) : vocabulary(std::move(entries)), added(vocabulary) {}

  Vocabulary vocabulary;
  StringArena bytes;  // by id: what the token stands for
  AddedTokens added;
  std::unique_ptr<const SegmentEncoder> encoder;
  std::optional<TokenId> bos, eos;
  std::vector<TokenId> end_of_generation;
  bool add_bos = false;
  bool add_eos = false;
  bool remove_extra_spaces = false;
  bool drop_leading_space = false;
  utf8::Repair repair = utf8::Repair::EachPart;

  TextAssembler assembler() const { return {repair, drop_leading_space}; }
  std::string_view bytes_of(TokenId id, const DecodeOptions& options) const {
    if (id >= vocabulary.size() || (options.skip_special && vocabulary.is_special(id))) return {};
    return bytes[id];
  }
  Result<void> encode_text(std::string_view text, bool parse_special, TokenSink& sink) const;
};

Result<void> Tokenizer::State::encode_text(std::string_view text, bool parse_special, TokenSink& sink) const {
  size_t at = 0;
  while (at < text.size() && !sink.full()) {
    const AddedTokens::Match match = added.next(text, at, parse_special);
    const size_t gap_end = match.found ? match.begin : text.size();
    if (at < gap_end) HR_CHECK(encoder->encode(text, at, gap_end, sink));
    if (!match.found) break;
    sink.add(match.id, match.begin, match.end);
    at = match.end;
  }
  return {};
}

Tokenizer::Tokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}
Tokenizer::~Tokenizer() = default;

Result<std::shared_ptr<const Tokenizer>> Tokenizer::compile(TokenizerSource source) {
  HR_CHECK(check_named_ids(source));
  const bool byte_level = source.model == TokenizerSource::Model::ByteLevelBpe;
  if (!byte_level) respell_spaces(source);
  HR_TRY(Vocabulary vocabulary, Vocabulary::build(source.tokens, source.kinds));
  source.tokens = {};
  auto state = std::make_shared<State>(std::move(vocabulary));
  if (byte_level) {
    state->bytes = byte_level_token_bytes(state->vocabulary);
    HR_TRY(state->encoder, make_byte_level_encoder(state->vocabulary, state->bytes, source));
  } else {
    state->bytes = sentencepiece_token_bytes(state->vocabulary);
    state->repair = utf8::Repair::EachByte;
    state->remove_extra_spaces = source.remove_extra_whitespace;
    state->drop_leading_space = source.add_space_prefix;
    HR_TRY(state->encoder, make_sentencepiece_encoder(state->vocabulary, state->bytes, source));
  }
  state->bos = source.bos;
  state->eos = source.eos;
  state->add_bos = source.add_bos && source.bos;
  state->add_eos = source.add_eos && source.eos;
  state->end_of_generation = ends_of_generation(source);
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::move(state)));
}

Result<EncodedText> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kLongestText) {
    return fail(ErrorKind::OutOfRange, fmt::format("The text is {} bytes long; at most {} can be encoded at once.",
                                                   text.size(), kLongestText));
  }
  EditedText edited(text);
  edited.repair_utf8();
  if (state_->remove_extra_spaces) edited.remove_extra_spaces();

  EncodedText encoding;
  TokenSink sink{&encoding.ids, options.offsets ? &encoding.offsets : nullptr};
  encoding.ids.reserve(text.size() / 4 + 8);
  const bool add_bos = options.add_special && state_->add_bos;
  const bool add_eos = options.add_special && state_->add_eos;
  if (add_bos) sink.add(*state_->bos, 0, 0);
  // One more than is wanted, so that a BOS of the text's own may be dropped.
  if (options.truncate_to > 0) sink.limit = size_t{options.truncate_to} + 1;
  HR_CHECK(state_->encode_text(edited.text(), options.parse_special, sink));
  if (add_bos && encoding.ids.size() > 1 && encoding.ids[1] == *state_->bos) {
    encoding.ids.erase(encoding.ids.begin());
    if (options.offsets) encoding.offsets.erase(encoding.offsets.begin());
  }
  if (options.truncate_to > 0) {
    const size_t room = options.truncate_to - (add_eos ? 1 : 0);
    if (encoding.ids.size() > room) encoding.ids.resize(room);
    if (encoding.offsets.size() > room) encoding.offsets.resize(room);
  }
  if (edited.edited()) {
    for (Offset& offset : encoding.offsets) {
      offset = {edited.original_position(offset.begin), edited.original_position(offset.end)};
    }
  }
  if (add_eos) sink.add(*state_->eos, text.size(), text.size());
  encoding.type_ids.assign(encoding.ids.size(), 0);
  return encoding;
}

Result<std::string> Tokenizer::decode(std::span<const TokenId> ids, const DecodeOptions& options) const {
  std::string out;
  TextAssembler assembler = state_->assembler();
  for (const TokenId id : ids) {
    if (id >= vocabulary_size()) {
      return fail(ErrorKind::OutOfRange, fmt::format("Token id {} is outside the vocabulary of {} tokens.", id,
                                                     vocabulary_size()));
    }
    assembler.push(state_->bytes_of(id, options), out);
  }
  assembler.finish(out);
  return out;
}

uint32_t Tokenizer::vocabulary_size() const { return state_->vocabulary.size(); }

std::string_view Tokenizer::token(TokenId id) const {
  return id < vocabulary_size() ? state_->vocabulary.spelling(id) : std::string_view();
}

std::string Tokenizer::token_bytes(TokenId id) const { return std::string(state_->bytes_of(id, {})); }

TokenKind Tokenizer::kind(TokenId id) const {
  return id < vocabulary_size() ? state_->vocabulary.kind(id) : TokenKind::Unknown;
}

std::optional<TokenId> Tokenizer::id(std::string_view token) const {
  const uint32_t found = state_->vocabulary.find(token);
  if (found == StringIndex::kNone) return std::nullopt;
  return found;
}

std::optional<TokenId> Tokenizer::bos() const { return state_->bos; }
std::optional<TokenId> Tokenizer::eos() const { return state_->eos; }
bool Tokenizer::adds_bos() const { return state_->add_bos; }
std::span<const TokenId> Tokenizer::end_of_generation() const { return state_->end_of_generation; }

bool Tokenizer::ends_generation(TokenId id) const {
  return std::binary_search(state_->end_of_generation.begin(), state_->end_of_generation.end(), id);
}

struct StreamDecoder::State {
  std::shared_ptr<const Tokenizer::State> tokenizer;
  DecodeOptions options;
  TextAssembler assembler;
  std::string out;
};

StreamDecoder Tokenizer::stream_decoder(const DecodeOptions& options) const {
  return StreamDecoder(std::make_unique<StreamDecoder::State>(
      StreamDecoder::State{state_, options, state_->assembler(), {}}));
}

StreamDecoder::StreamDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;
StreamDecoder::StreamDecoder(const StreamDecoder& other) : state_(std::make_unique<State>(*other.state_)) {}
StreamDecoder::~StreamDecoder() = default;

std::string_view StreamDecoder::push(TokenId id) {
  state_->out.clear();
  state_->assembler.push(state_->tokenizer->bytes_of(id, state_->options), state_->out);
  return state_->out;
}

std::string_view StreamDecoder::finish() {
  state_->out.clear();
  state_->assembler.finish(state_->out);
  return state_->out;
}

}  // namespace headrace::text
