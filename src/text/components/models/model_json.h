#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/components.h"

namespace headrace::text {

/// Reads the model that begins at byte `position` of a JSON text (white space may come
/// first) and moves `position` behind it: what follows may be anything. `json` is valid
/// UTF-8; `depth` is how many objects lie around the value (1 for the "model" of a
/// tokenizer.json). Goes through the text once and builds no tree: memory is the tables
/// and 40 bytes a merge.
///
/// InvalidData: what is not JSON says so with its line and column in `json`; a model that
/// makes no sense is told in the reference's words, without the "at line … column …" that
/// the reference's loader puts behind them.
Result<ModelSpec> read_model_json(std::string_view json, size_t& position, int depth = 0);

/// Appends the model as tokenizers 0.23 writes it; `pretty`: two spaces a level, beginning
/// at `level`. Unsupported for a program's own model.
Result<void> append_model_json(std::string& out, const ModelSpec& spec, bool pretty = false, int level = 0);

}  // namespace headrace::text
