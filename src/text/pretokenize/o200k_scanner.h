#pragma once

#include <memory>

#include "text/pretokenize/piece_scanner.h"

namespace headrace::text {

/// The patterns of o200k by hand.
std::unique_ptr<const PieceScanner> make_o200k_scanner(const O200kRules& rules);

}  // namespace headrace::text
