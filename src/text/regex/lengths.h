#pragma once

#include <optional>
#include <vector>

#include "text/regex/node.h"

namespace headrace::text::regex {

/// The same as alternatives that each have one length in characters, as PCRE2 wants them
/// behind; none if there is no end of them, or too many.
std::optional<std::vector<Node>> fixed_length_alternatives(const Node& node);

}  // namespace headrace::text::regex
