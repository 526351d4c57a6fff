#pragma once

#include <string_view>

#include "base/error.h"
#include "text/regex/node.h"

namespace headrace::text::regex {

struct ParsedPattern {
  Node root;
  uint32_t captures = 0;
};

/// Reads a pattern in Oniguruma's own syntax (the one that the reference compiles with).
/// What is found wrong is named in that engine's words, with the place.
Result<ParsedPattern> parse(std::string_view pattern, uint32_t most_depth);

}  // namespace headrace::text::regex
