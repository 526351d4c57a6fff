#include "text/pretokenize/piece_scanner.h"

#include "text/pretokenize/cl100k_scanner.h"
#include "text/pretokenize/deepseek_scanner.h"
#include "text/pretokenize/gpt2_scanner.h"
#include "text/pretokenize/o200k_scanner.h"

namespace headrace::text {

std::unique_ptr<const PieceScanner> make_scanner(const SplitRules& rules) {
  struct Make {
    std::unique_ptr<const PieceScanner> operator()(const Gpt2Rules& r) const { return make_gpt2_scanner(r.numbers); }
    std::unique_ptr<const PieceScanner> operator()(const Cl100kRules& r) const { return make_cl100k_scanner(r); }
    std::unique_ptr<const PieceScanner> operator()(const O200kRules& r) const { return make_o200k_scanner(r); }
    std::unique_ptr<const PieceScanner> operator()(const DeepSeekRules&) const { return make_deepseek_scanner(); }
  };
  return std::visit(Make{}, rules);
}

}  // namespace headrace::text
