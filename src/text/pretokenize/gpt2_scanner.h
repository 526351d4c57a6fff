#pragma once

#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

enum class NumberCut : uint8_t {
  Together,  ///< runs of numbers, as the pattern has them
  OneByOne,  ///< each number is cut out first, then the pattern runs on what is between
};

/// The pattern of GPT-2, by hand:
/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::unique_ptr<const PieceScanner> make_gpt2_scanner(NumberCut numbers);

}  // namespace headrace::text
