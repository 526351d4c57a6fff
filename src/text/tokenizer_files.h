#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/pipeline.h"
#include "text/tokenizer.h"

/// The files that tokenizers are published as, each turned into the parts of a Pipeline,
/// so that it can be changed, and saved as a tokenizer.json.
namespace headrace::text {

struct LoadOptions {
  /// The encoding whose pattern and special tokens a rank file is to have ("cl100k_base",
  /// "qwen", … see rank_encoding_names); empty: the one that has as many tokens.
  std::string encoding;
};

/// Loads a tokenizer from a file, recognised by its content:
/// - tokenizer.json;
/// - a compiled tokenizer (Pipeline::save_compiled), which is mapped;
/// - vocab.txt (WordPiece);
/// - vocab.json with merges.txt beside it, or the other way around (BPE);
/// - a SentencePiece model (BPE, Unigram, WORD, CHAR);
/// - tiktoken ranks (base64 and a number a line);
/// - Mistral's tekken JSON;
/// or from a model's folder, which holds one of these, with what tokenizer_config.json,
/// special_tokens_map.json and added_tokens.json add to it.
/// NotFound, InvalidData and Unsupported name the file, what is wrong, and what would do.
Result<Pipeline> load_tokenizer(const std::filesystem::path& path, const LoadOptions& options = {});

/// The same from bytes in memory, for what is one file. `name` is for messages.
Result<Pipeline> load_tokenizer_bytes(std::string_view bytes, std::string_view name, const LoadOptions& options = {});

/// Whether a file begins as compiled tokenizers do (Pipeline::save_compiled).
bool is_compiled_tokenizer(const std::filesystem::path& path);

/// The parts for what a GGUF file says of its tokenizer. Unsupported names what no parts
/// of Hugging Face's can express.
Result<Pipeline> pipeline_of(const TokenizerSource& source);

/// The encodings whose pattern and special tokens are known by name.
std::vector<std::string> rank_encoding_names();

/// The pattern and the special tokens of a named encoding.
struct RankEncodingFacts {
  std::string pattern;
  std::vector<std::pair<std::string, TokenId>> special_tokens;
  size_t n_ranks = 0;  ///< how many tokens its rank file has
};
/// NotFound lists the names that are known.
Result<RankEncodingFacts> rank_encoding_facts(std::string_view name);

}  // namespace headrace::text
