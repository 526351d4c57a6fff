#pragma once

#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

/// What the patterns derived from OpenAI's cl100k differ in.
struct Cl100kRules {
  uint32_t most_digits = 3;    ///< \p{N}{1,most_digits}; 0: any number
  bool contractions = true;    ///< (?i:'s|'t|'re|'ve|'m|'ll|'d) first
  bool marks_in_words = false; ///< words are [\p{L}\p{M}]+, and marks no symbols
  bool newlines_after_symbols = true;  ///< [\r\n]* after a run of symbols
};

/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
///  ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+   by hand.
std::unique_ptr<const PieceScanner> make_cl100k_scanner(const Cl100kRules& rules);

}  // namespace headrace::text
