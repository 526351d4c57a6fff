#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

namespace headrace::text {

/// A pattern in Oniguruma's Ruby syntax, as Hugging Face's files use it, with that
/// engine's tables (Unicode 16): parsed by us, its classes, anchors and case folds
/// written out as ranges, compiled by PCRE2. Immutable; shared by threads.
class Regex {
 public:
  /// How much work a pattern and a text may make before it is an error.
  struct Limits {
    uint32_t match_steps = 10'000'000;   ///< of one place of the text
    uint64_t find_steps = 20'000'000;    ///< of all places together, and 16 more for each byte
    uint32_t pattern_bytes = 1 << 16;
    uint32_t depth = 250;
  };

  /// InvalidArgument with the place in the pattern when it does not parse; Unsupported
  /// names a construct that has no counterpart.
  static Result<Regex> compile(std::string_view pattern, const Limits& limits);
  /// With the limits of the process (text/limits.h); those of steps as they are when a text is searched.
  static Result<Regex> compile(std::string_view pattern);

  const std::string& pattern() const;
  /// The matches, from left to right, not overlapping, empty ones included as the
  /// reference does. OutOfRange when the text drives the pattern beyond its step limit.
  Result<void> find_all(std::string_view text, std::vector<Offset>& matches) const;

 private:
  struct State;
  static Result<Regex> compile(std::string_view pattern, const Limits& limits, bool limits_of_process);
  std::shared_ptr<const State> state_;
};

}  // namespace headrace::text
