#pragma once

#include <filesystem>

#include "text/pipeline.h"
#include "text/tokenizer_files.h"

namespace headrace::text {

/// Maps the file of a compiled tokenizer.
Result<Pipeline> open_compiled(const std::filesystem::path& path);

}  // namespace headrace::text
