#pragma once

#include <cstddef>

#include "base/error.h"

namespace headrace::text {

/// OutOfRange if `before` bytes of text may not become `after`.
Result<void> check_text_growth(size_t before, size_t after);

/// OutOfRange if one encoding of `own` tokens may not become `encodings` (it and its windows) of `tokens` each.
Result<void> check_encoding_growth(size_t own, size_t encodings, size_t tokens);

}  // namespace headrace::text
