#include "cli/print_json.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace headrace::cli {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(float value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace

void print_json(const Json& document) {
  fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
  std::fflush(stdout);
}

Json logprobs_json(const std::vector<engine::TokenOutput>& tokens, const text::Tokenizer& tokenizer) {
  Json list = Json::array();
  for (const auto& token : tokens) {
    Json top = Json::array();
    for (const auto& other : token.top) {
      top.push_back({{"id", other.id}, {"token", tokenizer.token_bytes(other.id)}, {"logprob", number_or_null(other.logprob)}});
    }
    list.push_back({{"id", token.id}, {"token", tokenizer.token_bytes(token.id)},
                    {"logprob", number_or_null(token.logprob)}, {"top", std::move(top)}});
  }
  return list;
}

}  // namespace headrace::cli
