#pragma once

#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

/// DeepSeek-V3's three patterns, one after another, by hand: \p{N}{1,3}, then runs of Han and
/// kana, then within and between those (kDeepSeekV3 of published_patterns.h)
/// [ASCII punctuation][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|
/// \s*[\r\n]+|\s+(?!\S)|\s+ ; characters that nothing matches are pieces of their own kind.
std::unique_ptr<const PieceScanner> make_deepseek_scanner();

}  // namespace headrace::text
