#pragma once

#include <filesystem>

#include "text/pipeline.h"

namespace headrace::text {

/// Whether a file begins as compiled tokenizers do.
bool is_compiled_tokenizer(const std::filesystem::path& path);

/// Maps the file of a compiled tokenizer.
Result<Pipeline> open_compiled(const std::filesystem::path& path);

}  // namespace headrace::text
