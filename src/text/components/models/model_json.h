#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/components.h"

namespace headrace::text {

/// Bytes [begin, end) of a JSON text.
struct JsonPart {
  size_t begin = 0;
  size_t end = 0;
};

/// Reads the model that begins at byte `position` of a JSON text (white space may come
/// first) and moves `position` behind it: what follows may be anything. `json` is valid
/// UTF-8; `depth` is how many objects lie around the value (1 for the "model" of a
/// tokenizer.json). Goes through the text once and builds no tree: memory is the tables
/// and 40 bytes a merge.
///
/// InvalidData: what is not JSON says so with its line and column in `json`; a model that
/// makes no sense is told in the reference's words, without the "at line … column …" that
/// the reference's loader puts behind them.
///
/// `spelled`, unless null, receives the parts of `json` all of whose bytes outside ASCII are in spellings that the
/// model's TokenTable holds: whoever checks that these are valid UTF-8 need not look at those parts.
Result<ModelSpec> read_model_json(std::string_view json, size_t& position, int depth = 0, std::vector<JsonPart>* spelled = nullptr);

/// Appends the model as tokenizers 0.23 writes it; `pretty`: two spaces a level, beginning
/// at `level`. Unsupported for a program's own model.
Result<void> append_model_json(std::string& out, const ModelSpec& spec, bool pretty = false, int level = 0);

}  // namespace headrace::text
