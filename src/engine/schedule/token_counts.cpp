#include "engine/schedule/token_counts.h"

#include <algorithm>

namespace headrace::engine {

std::vector<model::TokenCount> count_tokens(std::span<const TokenId> prompt) {
  std::vector<TokenId> sorted(prompt.begin(), prompt.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<model::TokenCount> counts;
  for (const TokenId token : sorted) {
    if (counts.empty() || counts.back().id != token) counts.push_back({.id = token});
    ++counts.back().in_prompt;
  }
  return counts;
}

void count_output(std::vector<model::TokenCount>& counts, TokenId token) {
  auto at = std::lower_bound(counts.begin(), counts.end(), token,
                             [](const model::TokenCount& count, TokenId id) { return count.id < id; });
  if (at == counts.end() || at->id != token) at = counts.insert(at, {.id = token});
  ++at->in_output;
}

}  // namespace headrace::engine
