#pragma once

#include <span>
#include <vector>

#include "engine/request.h"
#include "model/sampling.h"

namespace headrace::engine {

/// How often each token of a prompt occurs, by ascending id.
std::vector<model::TokenCount> count_tokens(std::span<const TokenId> prompt);

/// Counts one generated token more.
void count_output(std::vector<model::TokenCount>& counts, TokenId token);

}  // namespace headrace::engine
