#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/gguf.h"
#include "model/gguf/header_stream.h"

namespace headrace::model {
namespace {

using text::TokenId;
using text::TokenizerSource;
using text::TokenKind;

// Control tokens that end a turn, whatever the file says of them: fine-tuned models
// often keep the base model's eos and end their turns by one of these.
constexpr std::array kEndings = {
    "<|im_end|>",   "<|eot_id|>",        "<|eom_id|>",       "<|end_of_text|>",        "<end_of_turn>",
    "<|end|>",      "<|endoftext|>",     "<EOT>",            "_<EOT>",                 "<|eot|>",
    "<|eom|>",      "<|END_OF_TURN_TOKEN|>", "<|end_of_turn|>", "<end_of_utterance>",    "<|return|>",
    "<|call|>",     "<turn|>",           "<\xEF\xBD\x9C" "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
};

// Byte-level vocabularies whose texts begin with BOS though files do not always say so.
constexpr std::array kBeginWithBos = {"llama-bpe", "llama3", "llama-v3", "llama4", "tekken"};

std::unexpected<Error> bad(const Gguf& gguf, std::string_view message) {
  return fail(ErrorKind::InvalidData, fmt::format("{}: {}", gguf.file().path().string(), message));
}

/// The items of an array of the wanted type; null where the key is absent.
template <class T>
Result<const std::vector<T>*> list(const Gguf& gguf, std::string_view key) {
  const auto found = gguf.metadata().find(key);
  if (found == gguf.metadata().end()) return nullptr;
  const auto* array = std::get_if<GgufArray>(&found->second);
  const auto* items = array ? std::get_if<std::vector<T>>(&array->items) : nullptr;
  if (items == nullptr) return bad(gguf, fmt::format("the metadata value \"{}\" is not an array of the type it must have", key));
  return items;
}

Result<std::optional<TokenId>> token_id(const Gguf& gguf, std::string_view name, size_t vocabulary) {
  const std::string key = fmt::format("tokenizer.ggml.{}_token_id", name);
  if (!gguf.metadata().contains(key)) return std::nullopt;
  HR_TRY(const auto id, gguf.integer(key));
  if (id == UINT32_MAX) return std::nullopt;  // how writers spell "none"
  if (id >= vocabulary) {
    return bad(gguf, fmt::format("{} is {}, but the vocabulary has {} tokens", key, id, vocabulary));
  }
  return static_cast<TokenId>(id);
}

Result<std::vector<TokenKind>> token_kinds(const Gguf& gguf, size_t vocabulary) {
  HR_TRY(const auto* codes, list<int64_t>(gguf, "tokenizer.ggml.token_type"));
  std::vector<TokenKind> kinds;
  if (codes == nullptr) return kinds;
  if (codes->size() != vocabulary) {
    return bad(gguf, fmt::format("tokenizer.ggml.token_type has {} entries for {} tokens", codes->size(), vocabulary));
  }
  kinds.reserve(codes->size());
  for (size_t i = 0; i < codes->size(); ++i) {
    const int64_t code = (*codes)[i];
    if (code < 0 || code > 6) return bad(gguf, fmt::format("tokenizer.ggml.token_type gives token {} the unknown kind {}", i, code));
    kinds.push_back(code == 0 ? TokenKind::Normal : static_cast<TokenKind>(code));
  }
  return kinds;
}

std::vector<TokenId> end_of_generation(const TokenizerSource& source) {
  std::vector<TokenId> ids;
  for (size_t i = 0; i < source.kinds.size(); ++i) {
    if (source.kinds[i] != TokenKind::Control && source.kinds[i] != TokenKind::UserDefined) continue;
    if (std::ranges::find(kEndings, source.tokens[i]) != kEndings.end()) ids.push_back(static_cast<TokenId>(i));
  }
  for (const auto& id : {source.eos, source.eot, source.eom}) {
    if (id && std::ranges::find(ids, *id) == ids.end()) ids.push_back(*id);
  }
  return ids;
}

Result<void> read_special_tokens(const Gguf& gguf, TokenizerSource& source) {
  const size_t vocabulary = source.tokens.size();
  HR_TRY(source.bos, token_id(gguf, "bos", vocabulary));
  HR_TRY(source.eos, token_id(gguf, "eos", vocabulary));
  HR_TRY(source.eot, token_id(gguf, "eot", vocabulary));
  HR_TRY(source.eom, token_id(gguf, "eom", vocabulary));
  HR_TRY(source.unk, token_id(gguf, "unknown", vocabulary));
  HR_TRY(source.pad, token_id(gguf, "padding", vocabulary));
  HR_TRY(source.sep, token_id(gguf, "seperator", vocabulary));  // the format's own spelling
  source.end_of_generation = end_of_generation(source);
  return {};
}

Result<void> read_flags(const Gguf& gguf, TokenizerSource& source) {
  const bool sentence_piece = source.model == TokenizerSource::Model::SentencePieceBpe;
  const bool bos = sentence_piece || std::ranges::find(kBeginWithBos, source.pre_tokenizer) != kBeginWithBos.end();
  HR_TRY(source.add_bos, gguf.boolean_or("tokenizer.ggml.add_bos_token", bos));
  HR_TRY(source.add_eos, gguf.boolean_or("tokenizer.ggml.add_eos_token", false));
  HR_TRY(source.add_space_prefix, gguf.boolean_or("tokenizer.ggml.add_space_prefix", sentence_piece));
  HR_TRY(source.remove_extra_whitespace, gguf.boolean_or("tokenizer.ggml.remove_extra_whitespaces", false));
  return {};
}

Result<void> read_vocabulary(const Gguf& gguf, TokenizerSource& source) {
  HR_TRY(const auto* tokens, list<std::string>(gguf, "tokenizer.ggml.tokens"));
  if (tokens == nullptr || tokens->empty()) return bad(gguf, "the metadata value \"tokenizer.ggml.tokens\" is missing");
  source.tokens = *tokens;
  HR_TRY(source.kinds, token_kinds(gguf, tokens->size()));
  HR_TRY(const auto* scores, list<double>(gguf, "tokenizer.ggml.scores"));
  if (scores != nullptr) source.scores.assign(scores->begin(), scores->end());
  if (scores != nullptr && scores->size() != tokens->size()) {
    return bad(gguf, fmt::format("tokenizer.ggml.scores has {} entries for {} tokens", scores->size(), tokens->size()));
  }
  HR_TRY(const auto* merges, list<std::string>(gguf, "tokenizer.ggml.merges"));
  if (merges != nullptr) source.merges = *merges;
  return {};
}

}  // namespace

Result<text::TokenizerSource> tokenizer_source(const Gguf& gguf) {
  TokenizerSource source;
  HR_TRY(const auto model, gguf.string("tokenizer.ggml.model"));
  if (model == "gpt2") {
    source.model = TokenizerSource::Model::ByteLevelBpe;
  } else if (model == "llama") {
    source.model = TokenizerSource::Model::SentencePieceBpe;
  } else {
    return fail(ErrorKind::Unsupported,
                fmt::format("{}: tokenizers of the type \"{}\" are not supported; \"gpt2\" (byte-level BPE) and \"llama\" "
                            "(SentencePiece) are",
                            gguf.file().path().string(), printable(model)));
  }
  source.pre_tokenizer = "default";
  if (gguf.metadata().contains("tokenizer.ggml.pre")) {
    HR_TRY(source.pre_tokenizer, gguf.string("tokenizer.ggml.pre"));
  }
  HR_CHECK(read_vocabulary(gguf, source));
  HR_CHECK(read_special_tokens(gguf, source));
  HR_CHECK(read_flags(gguf, source));
  return source;
}

}  // namespace headrace::model
