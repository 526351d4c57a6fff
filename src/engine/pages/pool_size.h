#pragma once

#include <cstdint>

#include "engine/engine.h"

namespace headrace::engine {

/// How many pages an engine takes, and the longest sequence that it serves.
struct PoolSize {
  uint32_t pages = 0;
  uint32_t context = 0;
};

/// Chooses them from the options, the model's own context, the bytes of a page and the
/// memory that may be used. InvalidArgument for a context that the model does not have,
/// OutOfMemory when what was asked for does not fit.
Result<PoolSize> choose_pool_size(const EngineOptions& options, uint32_t model_context, uint64_t page_bytes,
                                  uint64_t available_bytes);

}  // namespace headrace::engine
