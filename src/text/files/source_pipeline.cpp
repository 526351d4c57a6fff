// What a GGUF file says of its tokenizer, as parts.
#include <fmt/format.h>

#include <algorithm>

#include "text/components/models/token_table.h"
#include "text/files/parts.h"
#include "text/files/sentencepiece_model.h"
#include "text/pretokenize/pre_tokenizer.h"
#include "text/tokenizer_files.h"
#include "text/vocabulary/meta_symbol.h"

namespace headrace::text {
namespace {

TokenKind kind_of(const TokenizerSource& source, size_t id) {
  return id < source.kinds.size() ? source.kinds[id] : TokenKind::Normal;
}

Result<Pipeline> sentencepiece(const TokenizerSource& source) {
  SentencePieceModel model;
  model.type = SentencePieceModel::Type::Bpe;
  model.add_dummy_prefix = source.add_space_prefix;
  model.remove_extra_whitespaces = source.remove_extra_whitespace;
  for (size_t id = 0; id < source.tokens.size(); ++id) {
    std::string text = source.tokens[id];
    // GGUF files write tokens of spaces alone as spaces.
    if (!text.empty() && text.find_first_not_of(' ') == std::string::npos) {
      std::string spelled;
      for (size_t n = 0; n < text.size(); ++n) spelled += kMetaSymbol;
      text = std::move(spelled);
    }
    const TokenKind kind = kind_of(source, id);
    model.byte_fallback |= kind == TokenKind::Byte;
    model.pieces.push_back({std::move(text), id < source.scores.size() ? source.scores[id] : 0.0f, kind});
  }
  return pipeline_of(model);
}

Result<Pipeline> byte_level(const TokenizerSource& source) {
  HR_TRY(const auto patterns, pre_tokenizer_patterns(source.pre_tokenizer));
  std::vector<std::pair<std::string, TokenId>> entries;
  std::vector<AddedToken> added;
  for (size_t id = 0; id < source.tokens.size(); ++id) {
    const TokenKind kind = kind_of(source, id);
    const std::string& token = source.tokens[id];
    entries.emplace_back(token, static_cast<TokenId>(id));
    if (token.empty() || (kind != TokenKind::Control && kind != TokenKind::UserDefined && kind != TokenKind::Unknown)) continue;
    added.push_back({.content = token, .normalized = false, .special = kind != TokenKind::UserDefined});
  }
  std::vector<std::pair<std::string, std::string>> merges;
  for (const std::string& merge : source.merges) {
    const size_t space = merge.find(' ', 1);
    if (space == std::string::npos) return fail(ErrorKind::InvalidData, fmt::format("The merge \"{}\" is not two tokens with a space between them.", merge), merge);
    merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }
  BpeModel bpe;
  HR_TRY(bpe.vocabulary, make_token_table(std::move(entries)));
  HR_TRY(bpe.merges, make_merge_table(*bpe.vocabulary, merges, std::nullopt));
  bpe.ignore_merges = patterns.ignore_merges;
  Pipeline pipeline(live(ModelSpec{std::move(bpe)}));
  std::vector<LivePart<PreTokenizerSpec>> parts;
  for (const std::string& pattern : patterns.patterns) {
    parts.push_back(live(PreTokenizerSpec{SplitPreTokenizer{RegexPattern{pattern}, SplitBehavior::Isolated, false}}));
  }
  parts.push_back(live(PreTokenizerSpec{ByteLevelPreTokenizer{false, true, false}}));
  pipeline.set_pre_tokenizer(live(PreTokenizerSpec{PreTokenizerSequence{std::move(parts)}}));
  pipeline.set_decoder(live(DecoderSpec{ByteLevelDecoder{}}));
  HR_CHECK(pipeline.add_tokens(added));
  return pipeline;
}

/// BOS and EOS around a text, if the file asks for them.
void set_template(const TokenizerSource& source, Pipeline& pipeline) {
  TemplateProcessing processing;
  const auto name = [&](bool wanted, std::optional<TokenId> id) -> std::string {
    if (!wanted || !id) return "";
    const auto content = pipeline.id_to_token(*id).value_or("");
    if (!content.empty()) processing.special_tokens[content] = {content, {*id}, {content}};
    return content;
  };
  const std::string bos = name(source.add_bos, source.bos), eos = name(source.add_eos, source.eos);
  if (bos.empty() && eos.empty()) return;
  const auto add = [&](std::vector<TemplatePiece>& list, const char* sequence, uint32_t type_id) {
    if (!bos.empty()) list.push_back({bos, false, type_id});
    list.push_back({sequence, true, type_id});
    if (!eos.empty()) list.push_back({eos, false, type_id});
  };
  add(processing.single, "A", 0);
  add(processing.pair, "A", 0);
  add(processing.pair, "B", 1);
  pipeline.set_post_processor(live(PostProcessorSpec{std::move(processing)}));
}

}  // namespace

Result<Pipeline> pipeline_of(const TokenizerSource& source) {
  HR_TRY(Pipeline pipeline, source.model == TokenizerSource::Model::ByteLevelBpe ? byte_level(source) : sentencepiece(source));
  set_template(source, pipeline);
  return pipeline;
}

}  // namespace headrace::text
