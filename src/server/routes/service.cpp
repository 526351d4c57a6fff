#include "server/routes/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace headrace::server {

bool Service::answers_to(std::string_view name) const {
  return name == model_id || std::ranges::find(options.model_aliases, name) != options.model_aliases.end();
}

std::string unique_id(std::string_view prefix) {
  static const uint64_t process = (uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  static std::atomic<uint64_t> count{0};
  const uint64_t n = count.fetch_add(1, std::memory_order_relaxed);
  // An odd multiplier permutes: ids differ as long as counts do, and do not look alike.
  return fmt::format("{}-{:08x}{:016x}", prefix, uint32_t(process >> 32), process ^ (n * 0x9E3779B97F4A7C15u));
}

std::string_view version() { return HEADRACE_VERSION; }

}  // namespace headrace::server
