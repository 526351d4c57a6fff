#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/components.h"
#include "text/components/models/merge_table.h"
#include "text/pipeline.h"

namespace headrace::text {

/// Tokens that are bytes, merged by rank: what tiktoken's and tekken's files hold.
struct RankVocabulary {
  std::vector<std::pair<std::string, TokenId>> ranks;  ///< bytes and rank, by rank
  std::vector<std::pair<std::string, TokenId>> special_tokens;
  std::string pattern;
  TokenId first_id = 0;  ///< of rank 0
  bool drops_unmatched = true;  ///< what the pattern does not match is left out, as tiktoken does
};

/// Whether the first line is base64 and a number.
bool looks_like_ranks(std::string_view bytes);
/// A line a token: base64, a space, the rank. Without pattern and special tokens.
Result<RankVocabulary> read_ranks(std::string_view bytes, std::string_view name);
/// Mistral's JSON: "config", "vocab" and, as a rule, "special_tokens".
Result<RankVocabulary> read_tekken(std::string_view json, std::string_view name);

/// Sorts by rank; InvalidData if two tokens have one rank or one spelling.
Result<void> sort_ranks(RankVocabulary& vocabulary, std::string_view name);

/// tiktoken joins the neighbours whose joint bytes have the lowest rank. These merges, in
/// order, do the same: each token is made of the two parts that its own bytes come to. If
/// some token has a lower rank than its parts, which no training makes, of any two parts.
Result<std::shared_ptr<const MergeTable>> merges_by_rank(const RankVocabulary& vocabulary);

/// A byte-level BPE of the ranks, spelled in byte letters.
Result<Pipeline> pipeline_of(const RankVocabulary& vocabulary);

}  // namespace headrace::text
