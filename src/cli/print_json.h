#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "engine/request.h"
#include "text/tokenizer.h"

namespace headrace::cli {

/// Prints a document as one line on standard output; bytes that are no UTF-8 become U+FFFD.
void print_json(const nlohmann::ordered_json& document);
/// [{"id", "token", "logprob", "top": [{"id", "token", "logprob"}…]}…]
nlohmann::ordered_json logprobs_json(const std::vector<engine::TokenOutput>& tokens, const text::Tokenizer& tokenizer);

}  // namespace headrace::cli
