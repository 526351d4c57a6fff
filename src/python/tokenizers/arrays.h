#pragma once

#include <nanobind/nanobind.h>

#include "text/pipeline.h"

namespace headrace::python {

/// What Tokenizer has beyond Hugging Face: ids as arrays, texts from any memory, trusted
/// and user text apart, decoding that cannot fail.
void bind_arrays(nanobind::module_& module, nanobind::class_<text::Pipeline>& tokenizer);

}  // namespace headrace::python
