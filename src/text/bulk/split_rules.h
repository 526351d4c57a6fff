#pragma once

#include <variant>

#include "text/pretokenize/cl100k_scanner.h"
#include "text/pretokenize/gpt2_scanner.h"
#include "text/pretokenize/o200k_scanner.h"

namespace headrace::text {

struct Gpt2Rules {
  NumberCut numbers = NumberCut::Together;
};
/// DeepSeek-V3's sequence of three patterns (see deepseek_scanner.h).
struct DeepSeekRules {};

/// The published families of split patterns that PieceSplitter knows.
using SplitRules = std::variant<Gpt2Rules, Cl100kRules, O200kRules, DeepSeekRules>;

/// The scanner by hand that says what the pieces are.
std::unique_ptr<const PieceScanner> make_scanner(const SplitRules& rules);

}  // namespace headrace::text
