#pragma once

#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

/// The patterns of cl100k by hand.
std::unique_ptr<const PieceScanner> make_cl100k_scanner(const Cl100kRules& rules);

}  // namespace headrace::text
