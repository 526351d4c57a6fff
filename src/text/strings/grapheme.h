#pragma once

#include <cstddef>
#include <string_view>

namespace headrace::text {

/// Returns where the extended grapheme cluster that begins at `at` ends (Unicode Standard
/// Annex 29, with the tables of reference_unicode.h). `at` must be where a cluster begins.
size_t cluster_end(std::string_view text, size_t at);

}  // namespace headrace::text
