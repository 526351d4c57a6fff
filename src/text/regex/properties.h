#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/regex/code_point_set.h"

namespace headrace::text::regex {

/// The set that \p{name} stands for in the reference; case, spaces, '-' and '_' in the
/// name mean nothing. None if the reference has no such property.
std::optional<CodePointSet> property(std::string_view name);

/// A property that is known to exist.
CodePointSet known_property(std::string_view name);

/// The characters of a Grapheme_Cluster_Break ("Extend", "ZWJ", "L" …).
CodePointSet grapheme_class(std::string_view name);

/// Whether the name is one of the POSIX classes, spelled as in [[:alpha:]].
bool is_posix_class(std::string_view name);

/// Folds the name as `property` compares it.
std::string folded_property_name(std::string_view name);

}  // namespace headrace::text::regex
