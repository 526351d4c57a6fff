#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "model/model.h"

namespace headrace::cli {

/// The prompt of a conversation: `messages` ([{"role", "content"}…]) through the
/// model's chat template, as ids, ready for the assistant's answer.
Result<std::vector<text::TokenId>> chat_prompt(const model::Model& model, const nlohmann::ordered_json& messages);

}  // namespace headrace::cli
