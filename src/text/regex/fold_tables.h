#pragma once

#include <cstddef>

namespace headrace::text::regex {

/// The full case folding of a character that is not its own, sorted by character.
struct CaseFold {
  char32_t character;
  char32_t folded[3];  ///< as many as are not 0
};

extern const CaseFold kCaseFolds[];
extern const size_t kCaseFoldCount;

}  // namespace headrace::text::regex
