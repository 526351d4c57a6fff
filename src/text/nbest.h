#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "text/components.h"

namespace headrace::text {

/// A division of a text into pieces, and the sum of their scores.
struct ScoredTokens {
  std::vector<ModelToken> tokens;
  double score = 0;
};

/// The divisions of a piece of text that a Unigram model finds most probable, the best first: `count` of them, or as many as
/// there are. Unsupported: the model is of another kind.
Result<std::vector<ScoredTokens>> best_divisions(const ModelStage& model, std::string_view text, size_t count);

}  // namespace headrace::text
