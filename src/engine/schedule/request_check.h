#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "engine/request.h"

namespace headrace::engine {

/// Checks a request against the engine's bounds and fills in what it leaves open
/// (max_tokens, best_of). The error names the field, its value and what is allowed.
Result<void> check_request(Request& request, const EngineOptions& options, uint32_t context, uint32_t vocabulary);

}  // namespace headrace::engine
