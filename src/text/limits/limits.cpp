#include "text/limits.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string>

#include "base/log.h"

namespace headrace::text {
namespace {

constexpr const char* kVariable = "HEADRACE_TOKENIZER_LIMITS";
constexpr uint64_t kAny = std::numeric_limits<uint64_t>::max() >> 1;  // the others' sums stay in range
constexpr uint64_t k32 = std::numeric_limits<uint32_t>::max();

constexpr std::array<NamedLimit, 7> kLimits{{
    {Limit::TextBytes, "text_bytes", uint64_t{1} << 20, kAny},
    {Limit::EncodingTokens, "encoding_tokens", uint64_t{1} << 20, kAny},
    {Limit::MatchSteps, "match_steps", 10'000'000, k32},
    {Limit::FindSteps, "find_steps", 20'000'000, kAny},
    {Limit::PatternBytes, "pattern_bytes", 1 << 16, k32},
    {Limit::PatternDepth, "pattern_depth", 250, 1000},  // parsing them takes stack
    {Limit::CacheBytes, "cache_bytes", uint64_t{256} << 20, kAny},
}};

const NamedLimit& named(Limit which) { return kLimits[static_cast<size_t>(which)]; }

Result<const NamedLimit*> named(std::string_view name) {
  std::string names;
  for (const NamedLimit& one : kLimits) {
    if (one.name == name) return &one;
    names += (names.empty() ? "" : ", ") + std::string(one.name);
  }
  return fail(ErrorKind::InvalidArgument, fmt::format("no limit is named {:?}; there are {}", name, names));
}

struct Values {
  std::array<std::atomic<uint64_t>, kLimits.size()> all;

  Values() {
    for (const NamedLimit& one : kLimits) of(one.limit).store(one.standard, std::memory_order_relaxed);
    if (const char* setting = std::getenv(kVariable)) read(setting);
  }

  std::atomic<uint64_t>& of(Limit which) { return all[static_cast<size_t>(which)]; }

  Result<void> set(const NamedLimit& one, uint64_t value) {
    if (value < 1 || value > one.most) {
      return fail(ErrorKind::InvalidArgument, fmt::format("the limit {} may be from 1 to {}, not {}", one.name, one.most, value));
    }
    of(one.limit).store(value, std::memory_order_relaxed);
    return {};
  }

  Result<void> set(std::string_view name, uint64_t value) {
    HR_TRY(const NamedLimit* const one, named(name));
    return set(*one, value);
  }

  /// "name=value,…". What is wrong in it is said, and the rest counts.
  void read(std::string_view setting) {
    while (!setting.empty()) {
      const size_t comma = std::min(setting.find(','), setting.size());
      const std::string_view one = setting.substr(0, comma);
      setting.remove_prefix(std::min(comma + 1, setting.size()));
      const size_t equals = std::min(one.find('='), one.size());
      uint64_t value = 0;
      const char* const begin = one.data() + std::min(equals + 1, one.size());
      const auto [end, error] = std::from_chars(begin, one.data() + one.size(), value);
      Result<void> done = fail(ErrorKind::InvalidArgument, fmt::format("{:?} is no name=number", one));
      if (error == std::errc() && end == one.data() + one.size()) done = set(one.substr(0, equals), value);
      if (!done) log(LogLevel::Warning, "tokenizers", "{}: {}", kVariable, done.error().message);
    }
  }
};

Values& values() {
  static Values values;
  return values;
}

}  // namespace

std::span<const NamedLimit> named_limits() { return kLimits; }
uint64_t limit(Limit which) { return values().of(which).load(std::memory_order_relaxed); }
Result<uint64_t> limit(std::string_view name) {
  HR_TRY(const NamedLimit* const one, named(name));
  return limit(one->limit);
}
Result<void> set_limit(Limit which, uint64_t value) { return values().set(named(which), value); }
Result<void> set_limit(std::string_view name, uint64_t value) { return values().set(name, value); }

}  // namespace headrace::text
