#pragma once

#include <cstddef>

namespace headrace::text {

/// How much a tokenizer's own settings may make of a text, so that no file can fill the memory with replacements that
/// replace what they made, templates that repeat a text, or padding to any length. What the text itself amounts to is not
/// limited.
struct GrowthLimits {
  /// Bytes of a text once normalised or decoded; 64 times as many as before are always allowed.
  size_t bytes = size_t{1} << 20;
  /// Tokens of one encoding with special tokens, overlapping windows and padding; 16 times the text's own are always allowed.
  size_t tokens = size_t{1} << 20;
};

/// The limits of the whole process. What goes beyond them is OutOfRange.
GrowthLimits growth_limits();
void set_growth_limits(GrowthLimits limits);

}  // namespace headrace::text
