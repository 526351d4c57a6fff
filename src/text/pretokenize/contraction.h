#pragma once

#include <cstddef>
#include <string_view>

namespace headrace::text {

enum class LetterCase : bool { Exact, Any };

/// Returns the length in bytes of the English contraction ('s 't 're 've 'm 'll 'd)
/// that begins at `at`, or 0. With any case, U+017F folds to s, as it does in the
/// reference's patterns.
size_t contraction_length(std::string_view text, size_t at, LetterCase letter_case);

}  // namespace headrace::text
