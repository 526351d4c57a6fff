// What OpenAI's and Qwen's rank files leave out: facts of the published encodings.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "text/tokenizer_files.h"

namespace headrace::text {
namespace {

constexpr const char* kGpt2Pattern = R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* kCl100kPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwenPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kO200kPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

using SpecialTokens = std::vector<std::pair<std::string, TokenId>>;

SpecialTokens harmony_tokens() {
  SpecialTokens tokens = {{"<|startoftext|>", 199998}, {"<|endoftext|>", 199999}, {"<|return|>", 200002}, {"<|constrain|>", 200003},
                          {"<|channel|>", 200005},     {"<|start|>", 200006},     {"<|end|>", 200007},    {"<|message|>", 200008},
                          {"<|call|>", 200012},        {"<|endofprompt|>", 200018}};
  const auto reserve = [&](TokenId id) { tokens.emplace_back(fmt::format("<|reserved_{}|>", id), id); };
  for (const TokenId id : {200000, 200001, 200004, 200009, 200010, 200011}) reserve(id);
  for (TokenId id = 200013; id < 201088; ++id) reserve(id);
  return tokens;
}

SpecialTokens qwen_tokens() {
  SpecialTokens tokens = {{"<|endoftext|>", 151643}, {"<|im_start|>", 151644}, {"<|im_end|>", 151645}};
  for (TokenId n = 0; n < 205; ++n) tokens.emplace_back(fmt::format("<|extra_{}|>", n), 151646 + n);
  return tokens;
}

struct NamedEncoding {
  const char* name;
  const char* pattern;
  size_t n_ranks;
  SpecialTokens special_tokens;
};

/// Of those with equally many ranks the first is meant where nobody says.
const std::vector<NamedEncoding>& encodings() {
  static const std::vector<NamedEncoding> list = {
      {"r50k_base", kGpt2Pattern, 50256, {{"<|endoftext|>", 50256}}},
      {"gpt2", kGpt2Pattern, 50256, {{"<|endoftext|>", 50256}}},
      {"p50k_base", kGpt2Pattern, 50280, {{"<|endoftext|>", 50256}}},
      {"p50k_edit", kGpt2Pattern, 50280,
       {{"<|endoftext|>", 50256}, {"<|fim_prefix|>", 50281}, {"<|fim_middle|>", 50282}, {"<|fim_suffix|>", 50283}}},
      {"cl100k_base", kCl100kPattern, 100256,
       {{"<|endoftext|>", 100257}, {"<|fim_prefix|>", 100258}, {"<|fim_middle|>", 100259}, {"<|fim_suffix|>", 100260}, {"<|endofprompt|>", 100276}}},
      {"o200k_base", kO200kPattern, 199998, {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
      {"o200k_harmony", kO200kPattern, 199998, harmony_tokens()},
      {"qwen", kQwenPattern, 151643, qwen_tokens()},
  };
  return list;
}

}  // namespace

std::vector<std::string> rank_encoding_names() {
  std::vector<std::string> names;
  for (const NamedEncoding& encoding : encodings()) names.emplace_back(encoding.name);
  return names;
}

Result<RankEncodingFacts> rank_encoding_facts(std::string_view name) {
  for (const NamedEncoding& encoding : encodings()) {
    if (name == encoding.name) return RankEncodingFacts{encoding.pattern, encoding.special_tokens, encoding.n_ranks};
  }
  return fail(ErrorKind::NotFound, fmt::format("The encoding \"{}\" is not known; known are {}.", name, fmt::join(rank_encoding_names(), ", ")),
              std::string(name));
}

}  // namespace headrace::text
