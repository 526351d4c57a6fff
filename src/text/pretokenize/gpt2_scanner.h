#pragma once

#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

/// The pattern of GPT-2, by hand.
std::unique_ptr<const PieceScanner> make_gpt2_scanner(NumberCut numbers);

}  // namespace headrace::text
