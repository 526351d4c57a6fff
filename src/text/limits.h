#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"

namespace headrace::text {

/// What a tokenizer's file and a text may make this process do. Each has a value for the whole process, which a program sets,
/// or who runs it: HEADRACE_TOKENIZER_LIMITS="text_bytes=4194304,find_steps=100000000" is read before a limit is asked for first.
/// Another value counts from the next call on. What goes beyond a limit is OutOfRange, but for CacheBytes.
enum class Limit : uint8_t {
  /// Bytes of a text once normalised or decoded; 64 times as many as before are always allowed, so that only
  /// replacements that replace what they made are stopped. What the text itself amounts to is not limited.
  TextBytes,
  /// Tokens of one encoding with special tokens, overlapping windows and padding; 16 times the text's own are always allowed.
  EncodingTokens,
  MatchSteps,    ///< of a pattern at one place of a text
  FindSteps,     ///< of a pattern at all places of a text together; 16 more are allowed for each byte
  PatternBytes,  ///< of a pattern
  PatternDepth,  ///< of groups within groups
  /// Bytes of what all threads together remember of earlier texts. A cache that may not grow forgets; each may have a few
  /// kilobytes whatever the limit. A thread's caches are freed when it ends.
  CacheBytes,
};

struct NamedLimit {
  Limit limit;
  std::string_view name;  ///< text_bytes, …
  uint64_t standard;      ///< its value unless set
  uint64_t most;
};
std::span<const NamedLimit> named_limits();

uint64_t limit(Limit which);
/// InvalidArgument: there is none of that name.
Result<uint64_t> limit(std::string_view name);
/// InvalidArgument: not from 1 to `most`.
Result<void> set_limit(Limit which, uint64_t value);
/// InvalidArgument: there is none of that name.
Result<void> set_limit(std::string_view name, uint64_t value);

/// What the threads' caches have now.
uint64_t cache_bytes_in_use();

}  // namespace headrace::text
