#pragma once

#include "text/bulk/piece_splitter.h"

namespace headrace::text {

/// Fills `chunk.starts` and `chunk.unsure` from its planes. The last word of each plane is
/// followed by one that is zero; the first byte begins a piece. Beginnings inside white space
/// that reaches the chunk's end are not to be trusted.
void find_starts(const Gpt2Rules& rules, SplitChunk& chunk);
void find_starts(const Cl100kRules& rules, SplitChunk& chunk);
void find_starts(const O200kRules& rules, SplitChunk& chunk);
void find_starts(const DeepSeekRules& rules, SplitChunk& chunk);

}  // namespace headrace::text
