#pragma once

#include "text/components.h"

namespace headrace::text {

Result<std::shared_ptr<const PreTokenizerStage>> compile_byte_level(const ByteLevelPreTokenizer& spec);

}  // namespace headrace::text
