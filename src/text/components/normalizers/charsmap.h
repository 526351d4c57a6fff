#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/normalized_string.h"

namespace headrace::text {

/// SentencePiece's precompiled_charsmap: a double-array trie over bytes, whose values are
/// places in a block of zero-terminated replacements. Bytes of any kind are safe: what a
/// look-up cannot follow is an error. Immutable.
class Charsmap {
 public:
  /// InvalidData unless the sizes fit and the replacements are UTF-8.
  static Result<Charsmap> parse(std::string_view bytes);

  /// What replaces a text: the replacement of its *shortest* beginning that has one, as the
  /// reference has it; none when no beginning has one.
  Result<std::optional<std::string_view>> replacement(std::string_view text) const;

  /// Replaces grapheme clusters of up to five bytes, and characters elsewhere.
  Result<void> normalize(NormalizedString& text) const;
  /// Replaces the longest key at each place, as SentencePiece itself does.
  Result<void> normalize_longest(NormalizedString& text) const;

 private:
  struct Match {
    size_t length;  // of the key
    std::string_view replacement;
  };
  /// The longest key that a text begins with; none when no beginning is a key.
  Result<std::optional<Match>> longest(std::string_view text) const;
  Result<std::string_view> replacement_at(uint32_t place) const;
  Result<uint32_t> unit(uint32_t at) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace headrace::text
