#pragma once

#include <utility>
#include <vector>

#include "text/normalized_string.h"

namespace headrace::text {

using Pieces = std::vector<PreTokenizedString::Split>;

inline Pieces one_piece(NormalizedString text) {
  Pieces pieces;
  pieces.push_back({std::move(text), std::nullopt});
  return pieces;
}

/// The parts of a text that a pattern divides it into.
inline Result<Pieces> cut(const NormalizedString& text, const Finder& finder, SplitBehavior behavior) {
  HR_TRY(std::vector<NormalizedString> parts, text.split(finder, behavior));
  Pieces pieces;
  pieces.reserve(parts.size());
  for (NormalizedString& part : parts) pieces.push_back({std::move(part), std::nullopt});
  return pieces;
}

}  // namespace headrace::text
