#pragma once

#include <optional>
#include <vector>

#include "text/components.h"

namespace headrace::text {

/// What Bert and Roberta put around a sequence.
struct Surrounding {
  std::optional<TokenAndId> before;
  TokenAndId after;
  uint32_t sequence = 0;
  uint32_t type_id = 0;  ///< of the added tokens
};

/// The encoding and its windows with special tokens around them. Masks are written anew:
/// nothing inside counts as special any more.
Encoding surround(Encoding encoding, const Surrounding& with);

/// The special tokens of one template piece as an encoding.
Encoding special_encoding(const TemplateSpecialToken& token, uint32_t type_id);

}  // namespace headrace::text
