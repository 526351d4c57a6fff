#pragma once

#include <memory>

#include "text/tokenizer.h"

namespace headrace::python {

/// The Python class Tokenizer: a compiled tokenizer, shared.
struct Tokenizer {
  std::shared_ptr<const text::Tokenizer> tokenizer;
};

}  // namespace headrace::python
