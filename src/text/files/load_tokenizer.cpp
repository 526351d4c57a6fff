#include <fmt/format.h>

#include <algorithm>

#include "text/bpe/byte_letters.h"
#include "text/compiled/array_file.h"
#include "text/compiled/compiled_tokenizer.h"
#include "text/components/models/json_reader.h"
#include "text/files/model_folder.h"
#include "text/files/parts.h"
#include "text/files/rank_vocabulary.h"
#include "text/files/sentencepiece_model.h"
#include "text/files/text_file.h"
#include "text/tokenizer_files.h"
#include "text/unicode/utf8.h"

namespace headrace::text {
namespace {

namespace fs = std::filesystem;

enum class Kind { Compiled, TokenizerJson, Tekken, VocabularyJson, Merges, Ranks, SentencePiece, Gguf, VocabularyText };

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// What the members of a JSON object say it is.
Kind kind_of_json(std::string_view json) {
  Kind kind = Kind::VocabularyJson;
  JsonReader reader(json);
  reader.members([&](std::string_view key) {
    JsonReader::Kind value;
    if (!reader.peek(value)) return false;
    if (key == "model" && value == JsonReader::Kind::Object) kind = Kind::TokenizerJson;
    if (key == "vocab" && value == JsonReader::Kind::Array && kind == Kind::VocabularyJson) kind = Kind::Tekken;
    return kind != Kind::TokenizerJson && reader.skip();
  });
  return kind;
}

Kind kind_of(std::string_view bytes) {
  if (bytes.starts_with("GGUF")) return Kind::Gguf;
  if (compiled::looks_compiled(bytes)) return Kind::Compiled;
  if (looks_like_sentencepiece(bytes)) return Kind::SentencePiece;
  if (bytes.starts_with("#version")) return Kind::Merges;
  if (looks_like_ranks(bytes)) return Kind::Ranks;
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  // A vocab.txt may begin with "{" too, but never with a JSON object.
  if (first != std::string_view::npos && bytes[first] == '{') {
    const size_t second = bytes.find_first_not_of(" \t\r\n", first + 1);
    if (second != std::string_view::npos && (bytes[second] == '"' || bytes[second] == '}')) return kind_of_json(bytes);
  }
  return Kind::VocabularyText;
}

// ---- Ranks ----

Result<Pipeline> from_ranks(std::string_view bytes, std::string_view name, const LoadOptions& options) {
  HR_TRY(RankVocabulary vocabulary, read_ranks(bytes, name));
  std::string encoding = options.encoding;
  if (encoding.empty()) {
    for (const std::string& known : rank_encoding_names()) {
      HR_TRY(const auto facts, rank_encoding_facts(known));
      if (facts.n_ranks == vocabulary.ranks.size()) {
        encoding = known;
        break;
      }
    }
  }
  if (encoding.empty()) {
    return fail(ErrorKind::Unsupported,
                fmt::format("{}: a rank file holds no split pattern, and no known encoding has {} tokens; say which one it is.", name, vocabulary.ranks.size()),
                std::string(name));
  }
  HR_TRY(auto facts, rank_encoding_facts(encoding));
  for (const auto& [content, id] : facts.special_tokens) {
    if (std::ranges::binary_search(vocabulary.ranks, id, {}, [](const auto& rank) { return rank.second; })) {
      return fail(ErrorKind::InvalidArgument, fmt::format("{}: the id {} of \"{}\" in the encoding {} is a token's rank in the file; it is another encoding.",
                                                          name, id, content, encoding), encoding);
    }
  }
  vocabulary.pattern = std::move(facts.pattern);
  vocabulary.special_tokens = std::move(facts.special_tokens);
  vocabulary.drops_unmatched = false;  // the known patterns match everything
  return pipeline_of(vocabulary);
}

// ---- WordPiece ----

/// An uncased vocabulary has no upper-case letters outside its special tokens.
bool has_upper_case(const std::vector<std::pair<std::string, TokenId>>& vocabulary) {
  return std::ranges::any_of(vocabulary, [](const auto& entry) {
    return !entry.first.starts_with('[') && !entry.first.starts_with('<') && std::ranges::any_of(entry.first, [](char c) { return c >= 'A' && c <= 'Z'; });
  });
}

Result<Pipeline> from_word_pieces(const fs::path& path, std::optional<bool> lower_case) {
  HR_TRY(auto vocabulary, read_vocabulary_text(path));
  const bool lower = lower_case.value_or(!has_upper_case(vocabulary));
  WordPieceModel word_piece;
  HR_TRY(word_piece.vocabulary, make_token_table(std::move(vocabulary)));
  Pipeline pipeline(live(ModelSpec{std::move(word_piece)}));
  if (!pipeline.token_to_id("[UNK]")) {
    return fail(ErrorKind::InvalidData, fmt::format("{}: it was taken for a vocab.txt (a token a line), but has no [UNK]. Known are tokenizer.json, vocab.txt, "
                                                    "vocab.json with merges.txt, SentencePiece models, tiktoken ranks and tekken JSON.", path.string()), path.string());
  }
  std::vector<AddedToken> special;
  for (const char* content : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    if (pipeline.token_to_id(content)) special.push_back({.content = content, .normalized = false, .special = true});
  }
  pipeline.set_normalizer(live(NormalizerSpec{BertNormalizer{.lowercase = lower}}));
  pipeline.set_pre_tokenizer(live(PreTokenizerSpec{BertPreTokenizer{}}));
  pipeline.set_decoder(live(DecoderSpec{WordPieceDecoder{}}));
  HR_CHECK(pipeline.add_special_tokens(special));
  const auto cls = pipeline.token_to_id("[CLS]"), sep = pipeline.token_to_id("[SEP]");
  if (cls && sep) {
    TemplateProcessing processing;
    HR_TRY(processing.single, parse_template("[CLS]:0 $A:0 [SEP]:0"));
    HR_TRY(processing.pair, parse_template("[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1"));
    processing.special_tokens = {{"[CLS]", {"[CLS]", {*cls}, {"[CLS]"}}}, {"[SEP]", {"[SEP]", {*sep}, {"[SEP]"}}}};
    pipeline.set_post_processor(live(PostProcessorSpec{std::move(processing)}));
  }
  return pipeline;
}

// ---- vocab.json and merges.txt ----

bool is_byte_level(const Pipeline& pipeline) {
  for (int byte = 0x21; byte < 0x7F; ++byte) {
    if (!pipeline.token_to_id(std::string(1, static_cast<char>(byte)))) return false;
  }
  return pipeline.token_to_id(ByteLetters::letter(' ')) && pipeline.token_to_id(ByteLetters::letter('\n')) && pipeline.token_to_id(ByteLetters::letter(0xFF));
}

void set_byte_level_parts(const std::string& tokenizer_class, Pipeline& pipeline) {
  pipeline.set_pre_tokenizer(live(PreTokenizerSpec{ByteLevelPreTokenizer{false, true, true}}));
  pipeline.set_decoder(live(DecoderSpec{ByteLevelDecoder{}}));
  const auto cls = pipeline.token_to_id("<s>"), sep = pipeline.token_to_id("</s>");
  const bool roberta = std::ranges::any_of(std::initializer_list<const char*>{"Roberta", "Bart", "Longformer", "LED"},
                                           [&](const char* name) { return tokenizer_class.starts_with(name); });
  if (roberta && cls && sep) {
    pipeline.set_post_processor(live(PostProcessorSpec{RobertaProcessing{{"</s>", *sep}, {"<s>", *cls}, true, false}}));
  } else {
    pipeline.set_post_processor(live(PostProcessorSpec{ByteLevelProcessing{true, false, true}}));
  }
}

Result<Pipeline> from_vocabulary_and_merges(const fs::path& vocabulary, const fs::path& merges, const std::string& tokenizer_class) {
  for (const auto& [path, other] : {std::pair(&vocabulary, &merges), std::pair(&merges, &vocabulary)}) {
    if (!is_there(*path)) {
      return fail(ErrorKind::NotFound, fmt::format("{} needs {} beside it, which is not there.", other->string(), path->filename().string()), path->string());
    }
  }
  HR_TRY(auto tokens, read_vocabulary_json(vocabulary));
  HR_TRY(const auto pairs, read_merges_text(merges));
  BpeModel bpe;
  const bool has_suffix = std::ranges::any_of(tokens, [](const auto& token) { return token.first.ends_with("</w>"); });
  const bool has_unknown = std::ranges::any_of(tokens, [](const auto& token) { return token.first == "<unk>"; });
  HR_TRY(bpe.vocabulary, make_token_table(std::move(tokens)));
  HR_TRY(bpe.merges, make_merge_table(*bpe.vocabulary, pairs, std::nullopt));
  if (has_suffix) bpe.end_of_word_suffix = "</w>";
  if (has_suffix && has_unknown) bpe.unk_token = "<unk>";
  Pipeline pipeline(live(ModelSpec{bpe}));
  if (!has_suffix && is_byte_level(pipeline)) {
    set_byte_level_parts(tokenizer_class, pipeline);
  } else if (has_suffix) {
    pipeline.set_normalizer(live(NormalizerSpec{BertNormalizer{.lowercase = false}}));
    pipeline.set_pre_tokenizer(live(PreTokenizerSpec{BertPreTokenizer{}}));
    pipeline.set_decoder(live(DecoderSpec{BpeDecoder{"</w>"}}));
  } else {
    return fail(ErrorKind::Unsupported,
                fmt::format("{}: its tokens are neither byte-level nor end in \"</w>\", so how a text is to be split is not known; take the model's tokenizer.json.",
                            vocabulary.string()), vocabulary.string());
  }
  std::vector<AddedToken> special;
  for (const char* content : {"<|endoftext|>", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<|startoftext|>"}) {
    if (pipeline.token_to_id(content)) special.push_back({.content = content, .normalized = false, .special = true});
  }
  HR_CHECK(pipeline.add_special_tokens(special));
  return pipeline;
}

// ---- Files and folders ----

std::unexpected<Error> is_gguf(std::string_view name) {
  return fail(ErrorKind::Unsupported, fmt::format("{} is a GGUF file; its tokenizer is read with the model (model::load).", name), std::string(name));
}

Result<Pipeline> from_one_file(std::string_view bytes, std::string_view name, Kind kind, const LoadOptions& options) {
  switch (kind) {
    case Kind::TokenizerJson: {
      auto pipeline = Pipeline::from_json(bytes);
      if (!pipeline) pipeline.error().message = fmt::format("{}: {}", name, pipeline.error().message);
      return pipeline;
    }
    case Kind::Compiled: return Pipeline::from_compiled(bytes, name);
    case Kind::Tekken: {
      HR_TRY(const auto vocabulary, read_tekken(bytes, name));
      return pipeline_of(vocabulary);
    }
    case Kind::Ranks: return from_ranks(bytes, name, options);
    case Kind::SentencePiece: {
      HR_TRY(const auto model, read_sentencepiece_model(bytes, name));
      return pipeline_of(model);
    }
    case Kind::Gguf: return is_gguf(name);
    default: break;
  }
  return fail(ErrorKind::InvalidData, fmt::format("{} is no tokenizer in one file: it is no tokenizer.json, SentencePiece model, rank file or tekken JSON.", name),
              std::string(name));
}

Result<Pipeline> from_file(const fs::path& path, const LoadOptions& options) {
  if (is_compiled_tokenizer(path)) return Pipeline::from_file(path);
  HR_TRY(const TextFile file, TextFile::read(path));
  const std::string_view bytes = file.text();
  const fs::path folder = path.parent_path();
  const Kind kind = kind_of(bytes);
  switch (kind) {
    case Kind::VocabularyJson: return from_vocabulary_and_merges(path, folder / "merges.txt", "");
    case Kind::Merges: return from_vocabulary_and_merges(folder / "vocab.json", path, "");
    case Kind::VocabularyText: return from_word_pieces(path, std::nullopt);
    default: return from_one_file(bytes, path.string(), kind, options);
  }
}

Result<Pipeline> from_folder(const fs::path& folder, const LoadOptions& options) {
  const auto with_settings = [&](Result<Pipeline> pipeline) -> Result<Pipeline> {
    if (pipeline) HR_CHECK(add_folder_settings(folder, pipeline->post_processor() != nullptr, *pipeline));
    return pipeline;
  };
  for (const char* name : {"tokenizer.json", "tekken.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "spm.model", "qwen.tiktoken"}) {
    if (is_there(folder / name)) return with_settings(from_file(folder / name, options));
  }
  HR_TRY(const std::string tokenizer_class, folder_tokenizer_class(folder));
  if (is_there(folder / "vocab.json") && is_there(folder / "merges.txt")) {
    return with_settings(from_vocabulary_and_merges(folder / "vocab.json", folder / "merges.txt", tokenizer_class));
  }
  if (is_there(folder / "vocab.txt")) {
    HR_TRY(const auto lower_case, folder_lower_case(folder));
    return with_settings(from_word_pieces(folder / "vocab.txt", lower_case));
  }
  return fail(ErrorKind::NotFound,
              fmt::format("{} has none of the files of a tokenizer: tokenizer.json, tekken.json, tokenizer.model, spiece.model, sentencepiece.bpe.model, "
                          "spm.model, qwen.tiktoken, vocab.json with merges.txt, vocab.txt.", folder.string()), folder.string());
}

}  // namespace

Result<Pipeline> load_tokenizer(const fs::path& path, const LoadOptions& options) {
  std::error_code ignored;
  auto loaded = fs::is_directory(path, ignored) ? from_folder(path, options) : from_file(path, options);
  if (loaded || loaded.error().message.contains(path.string())) return loaded;
  Error error = std::move(loaded).error();
  error.message = path.string() + ": " + error.message;
  return std::unexpected(std::move(error));
}

Result<Pipeline> load_tokenizer_bytes(std::string_view bytes, std::string_view name, const LoadOptions& options) {
  return from_one_file(bytes, name, kind_of(bytes), options);
}

}  // namespace headrace::text
