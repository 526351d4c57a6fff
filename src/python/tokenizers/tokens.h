#pragma once

#include <utility>

#include "text/normalized_string.h"

namespace headrace::python {

/// tokenizers.Token.
struct Token {
  Token(text::ModelToken made) : token(std::move(made)) {}  // NOLINT: a view of the same thing
  text::ModelToken token;
};

}  // namespace headrace::python
