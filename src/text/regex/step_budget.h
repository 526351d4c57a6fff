#pragma once

#include <cstdint>

namespace headrace::text::regex {

/// What the search for all matches in a text may still cost.
struct StepBudget {
  uint32_t one_match = 0;  ///< steps that one place of the text may take
  uint64_t left = 0;       ///< steps of all places together

  /// False if that is too much.
  bool take(uint64_t steps) {
    if (steps > left) return false;
    left -= steps;
    return true;
  }
};

}  // namespace headrace::text::regex
