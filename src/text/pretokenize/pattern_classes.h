#pragma once

#include <string>
#include <string_view>

namespace headrace::text {

/// Rewrites the character classes of a pattern into ranges of code points that PCRE2
/// takes literally. Understands \p{…} and \P{…} of general categories, \s, \S, \d, \w,
/// inside and outside of [ ]; everything else is left as it is.
std::string with_explicit_classes(std::string_view pattern);

}  // namespace headrace::text
