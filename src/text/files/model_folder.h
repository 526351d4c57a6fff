#pragma once

#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "text/pipeline.h"

namespace headrace::text {

/// Adds to a tokenizer what the other files of its folder say: added_tokens.json,
/// special_tokens_map.json, and of tokenizer_config.json the added tokens, the special
/// tokens and whether a text gets BOS and EOS. Files that are not there say nothing.
/// `has_own_template`: the tokenizer's file says itself what a text gets.
Result<void> add_folder_settings(const std::filesystem::path& folder, bool has_own_template, Pipeline& pipeline);

/// Of tokenizer_config.json: whether WordPiece is to lower-case (none: it does not say).
Result<std::optional<bool>> folder_lower_case(const std::filesystem::path& folder);
/// Of tokenizer_config.json: "tokenizer_class", or empty.
Result<std::string> folder_tokenizer_class(const std::filesystem::path& folder);

}  // namespace headrace::text
