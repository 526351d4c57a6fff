#pragma once

#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

/// What the patterns derived from OpenAI's o200k differ in.
struct O200kRules {
  uint32_t most_digits = 3;   ///< \p{N}{1,most_digits}
  bool contractions = true;   ///< (?i:'s|'t|'re|'ve|'m|'ll|'d)? after a word
};

/// With U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L = [\p{Ll}\p{Lm}\p{Lo}\p{M}], C the contractions:
/// [^\r\n\p{L}\p{N}]?U*L+C?|[^\r\n\p{L}\p{N}]?U+L*C?|\p{N}{1,3}|
///  ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+   by hand.
std::unique_ptr<const PieceScanner> make_o200k_scanner(const O200kRules& rules);

}  // namespace headrace::text
