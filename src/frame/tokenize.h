#pragma once

#include <memory>

#include "frame/column_function.h"
#include "text/pipeline.h"

namespace headrace::frame {

/// Token ids of each row's text, List(UInt32); null for null. Pure, by threads of the pool. No padding: a row has the ids of its own text.
std::shared_ptr<const ColumnFunction> tokenizing(std::shared_ptr<const text::Pipeline> tokenizer, bool add_special_tokens);

}  // namespace headrace::frame
