#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

namespace headrace::cli {

/// All of standard input, at most 1 GiB.
Result<std::string> read_standard_input();
/// Ids separated by spaces, commas or lines; brackets around them are allowed.
Result<std::vector<text::TokenId>> parse_ids(std::string_view text);

}  // namespace headrace::cli
