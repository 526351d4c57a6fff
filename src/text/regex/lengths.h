#pragma once

#include <optional>
#include <vector>

#include "text/regex/node.h"

namespace headrace::text::regex {

/// The same as alternatives that each have one length in characters, as PCRE2 wants them
/// behind; none if there is no end of them, or too many.
std::optional<std::vector<Node>> fixed_length_alternatives(const Node& node);

/// How many characters what a node matches may have.
struct LengthRange {
  uint32_t minimum = 0;
  uint32_t maximum = kUnlimited;
};
LengthRange length_range(const Node& node);

}  // namespace headrace::text::regex
