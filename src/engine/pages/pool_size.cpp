#include "engine/pages/pool_size.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/memory_budget.h"
#include "engine/pages/prefix_cache.h"

namespace headrace::engine {
namespace {

constexpr uint64_t kUsualBytes = uint64_t{1} << 30;
constexpr uint64_t kMostPages = uint64_t{1} << 24;  // 256 Mi tokens

uint64_t pages_for(uint64_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

}  // namespace

Result<PoolSize> choose_pool_size(const EngineOptions& options, uint32_t model_context, uint64_t page_bytes,
                                  uint64_t available_bytes) {
  if (options.context > model_context)
    return fail(ErrorKind::InvalidArgument, fmt::format("context is {}, but this model was trained for {} tokens",
                                                        options.context, model_context));
  const uint32_t context = options.context > 0 ? options.context : model_context;
  if (context < 2 || page_bytes == 0)
    return fail(ErrorKind::InvalidArgument, fmt::format("context is {}, but must be 2 tokens or more", context));
  if (options.kv_bytes > available_bytes)
    return fail(ErrorKind::OutOfMemory, fmt::format("kv_bytes is {}, but only {} are available",
                                                    format_bytes(options.kv_bytes), format_bytes(available_bytes)));

  uint64_t pages = options.kv_bytes / page_bytes;
  if (options.kv_bytes == 0) {
    // An eighth of the memory is left for the activations of a step.
    const uint64_t fit = (available_bytes - available_bytes / 8) / page_bytes;
    pages = std::min(std::max(kUsualBytes / page_bytes, pages_for(context)), fit);
  }
  pages = std::min(pages, kMostPages);
  const uint64_t held = pages * kPageTokens;
  if (held < 2 || held < options.context)
    return fail(ErrorKind::OutOfMemory,
                fmt::format("keys and values of {} tokens take {}, but there is room for {} tokens; set a smaller context "
                            "or more memory",
                            options.context > 0 ? options.context : 2u,
                            format_bytes(pages_for(std::max(options.context, 2u)) * page_bytes), held));
  return PoolSize{static_cast<uint32_t>(pages), static_cast<uint32_t>(std::min<uint64_t>(context, held))};
}

}  // namespace headrace::engine
