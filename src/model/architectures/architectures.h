#pragma once

#include "model/plan.h"

namespace headrace::model {

// One function a file: reads an architecture's metadata and emits its plan.
Result<Plan> emit_llama(const Gguf& file);
Result<Plan> emit_gemma3(const Gguf& file);

}  // namespace headrace::model
