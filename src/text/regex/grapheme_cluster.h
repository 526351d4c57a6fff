#pragma once

#include "text/regex/node.h"

namespace headrace::text::regex {

/// What \X matches: an extended grapheme cluster, by the rules that the reference has
/// (without those for Indic conjuncts, which Unicode 15.1 added).
Node grapheme_cluster();

/// What \y matches (\Y if not `is_boundary`): nothing, where a cluster ends and another may begin.
Node cluster_boundary(bool is_boundary);

/// What \R matches.
Node general_newline();

}  // namespace headrace::text::regex
