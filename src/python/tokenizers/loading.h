#pragma once

#include <utility>

#include "python/errors.h"
#include "text/pipeline.h"

namespace headrace::python {

/// A tokenizer that was read, with its tables made, so that no call waits for them.
inline text::Pipeline with_tables(Result<text::Pipeline> read) {
  text::Pipeline pipeline = value_or_raise(std::move(read));
  pipeline.make_tables();
  return pipeline;
}

}  // namespace headrace::python
