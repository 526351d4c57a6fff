#pragma once

#include <memory>

#include "text/pretokenize/pre_tokenizer.h"

namespace headrace::text {

/// A pre-tokenizer whose pieces depend on nothing before their beginning, so that it can
/// go on from any of them.
class PieceScanner : public PreTokenizer {
 public:
  /// The end of the piece of `text` that begins at `begin`, which is before the end.
  virtual size_t piece_end(std::string_view text, size_t begin) const = 0;

  Result<void> split(std::string_view text, std::vector<uint32_t>& ends) const final {
    for (size_t at = 0; at < text.size();) {
      at = piece_end(text, at);
      ends.push_back(static_cast<uint32_t>(at));
    }
    return {};
  }
};

/// The scanner of a family.
std::unique_ptr<const PieceScanner> make_scanner(const SplitRules& rules);

}  // namespace headrace::text
