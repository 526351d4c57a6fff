#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/vocabulary/vocabulary.h"

namespace headrace::text {

/// Finds the tokens that are recognised in the text itself, before any splitting:
/// control, unknown and user-defined ones. Leftmost first, then longest.
class AddedTokens {
 public:
  explicit AddedTokens(const Vocabulary& vocabulary);

  struct Match {
    TokenId id = 0;
    size_t begin = 0;
    size_t end = 0;
    bool found = false;
  };
  /// The first match at or after `from`. Where `control` is false, control tokens
  /// still take their place in the scan (a shorter token within one is not tried),
  /// but are passed over as ordinary text.
  Match next(std::string_view text, size_t from, bool control) const;

 private:
  Match longest_at(std::string_view text, size_t at) const;
  /// The first place at or after `at` whose byte begins some token.
  size_t next_candidate(std::string_view text, size_t at) const;

  const Vocabulary* vocabulary_;
  std::vector<TokenId> sorted_;                   // by spelling
  std::array<uint32_t, 257> first_of_byte_{};     // range of `sorted_` by first byte
  std::array<uint8_t, 256> begins_{};             // whether that range is not empty
  std::optional<uint8_t> only_byte_;              // the one for which it is not
};

}  // namespace headrace::text
