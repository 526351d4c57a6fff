#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/bpe/merge.h"
#include "text/bpe/pair_merger.h"

namespace headrace::text {

/// By id, one where the symbols that a token is made of surely merge to that token and nothing else. `firsts`, by id:
/// the symbols that merging begins with. `merges` by rank, of ids that `firsts` has.
///
/// A token (l, r) with rank k is one if l and r are, by merges before k, and nothing joins them earlier. As long as
/// nothing does, both sides merge by themselves, each merge after those of its parts, so "before" is a comparison of
/// ranks. What touches at the border, when all merges before a rank are done, are the last tokens of l's right edge
/// and of r's left edge: as many pairs as both edges are long, and each must have no merge while it is there. A token
/// for which a merge's parts come after it in the list is left out here (zero); trying it would tell.
std::vector<uint8_t> find_whole_tokens(const PairMerger& merger, std::span<const MergeIds> merges, std::span<const uint8_t> firsts);

}  // namespace headrace::text
