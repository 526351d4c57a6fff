#pragma once

#include <optional>
#include <vector>

#include "text/components.h"

namespace headrace::text {

/// The special tokens that a post-processor puts around a single sequence.
struct IdsAround {
  std::vector<TokenId> before;
  std::vector<TokenId> after;
};

/// None if the post-processor (null: it adds nothing) does something else to ids as well, or could fail.
std::optional<IdsAround> ids_around(const LivePart<PostProcessorSpec>& post_processor);

}  // namespace headrace::text
