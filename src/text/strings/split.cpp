#include <algorithm>

#include "text/normalized_string.h"

namespace headrace::text {
namespace {

using Parts = std::vector<Offset>;

Parts unmatched(const std::vector<Match>& matches) {
  Parts parts;
  for (const Match& match : matches) {
    if (!match.matched) parts.push_back(match.bytes);
  }
  return parts;
}

Parts isolated(const std::vector<Match>& matches) {
  Parts parts;
  for (const Match& match : matches) parts.push_back(match.bytes);
  return parts;
}

/// Matches in a row are one part.
Parts contiguous(const std::vector<Match>& matches) {
  Parts parts;
  bool previous = false;
  for (const Match& match : matches) {
    if (match.matched == previous && !parts.empty()) {
      parts.back().end = match.bytes.end;
    } else {
      parts.push_back(match.bytes);
    }
    previous = match.matched;
  }
  return parts;
}

/// Of matches in a row the first joins what is before it; the others stand alone.
Parts merged_with_previous(const std::vector<Match>& matches) {
  Parts parts;
  bool previous = false;
  for (const Match& match : matches) {
    if (match.matched && !previous && !parts.empty()) {
      parts.back().end = match.bytes.end;
    } else {
      parts.push_back(match.bytes);
    }
    previous = match.matched;
  }
  return parts;
}

/// The same from the end.
Parts merged_with_next(const std::vector<Match>& matches) {
  Parts parts;
  bool previous = false;
  for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
    if (match->matched && !previous && !parts.empty()) {
      parts.back().begin = match->bytes.begin;
    } else {
      parts.push_back(match->bytes);
    }
    previous = match->matched;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Parts parts_of(const std::vector<Match>& matches, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::Removed: return unmatched(matches);
    case SplitBehavior::Isolated: return isolated(matches);
    case SplitBehavior::Contiguous: return contiguous(matches);
    case SplitBehavior::MergedWithPrevious: return merged_with_previous(matches);
    case SplitBehavior::MergedWithNext: return merged_with_next(matches);
  }
  return {};
}

}  // namespace

Result<std::vector<NormalizedString>> NormalizedString::split(const Finder& finder, SplitBehavior behavior) const {
  HR_TRY(const std::vector<Match> matches, finder(normalized_));
  const Parts parts = parts_of(matches, behavior);
  std::vector<NormalizedString> pieces;
  pieces.reserve(parts.size());
  for (const Offset& part : parts) {
    auto piece = slice_normalized(part);
    if (!piece) return fail(ErrorKind::InvalidArgument, "NormalizedString bad split: a pattern matched inside a character");
    pieces.push_back(std::move(*piece));
  }
  return pieces;
}

}  // namespace headrace::text
