#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/normalized_string.h"
#include "text/pretokenize/split_rules.h"

namespace headrace::text {

/// The family whose published pattern is this text, letter for letter; none for any other.
std::optional<SplitRules> rules_of_pattern(std::string_view pattern);
/// The same for patterns that cut one after another.
std::optional<SplitRules> rules_of_patterns(std::span<const std::string> patterns);

/// The patterns of a family, which cut one after another.
std::vector<std::string> patterns_of(const SplitRules& rules);

/// Finds what the family's pattern finds, which leaves nothing out.
Finder find_pieces(const SplitRules& rules);

/// Whether this is a pattern of the above, alone or one of several: it is known to compile.
bool is_published_pattern(std::string_view pattern);

}  // namespace headrace::text
