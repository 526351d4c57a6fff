#pragma once

#include <optional>
#include <span>

#include "text/pipeline.h"

namespace headrace::text {

/// Cuts one sequence or two to `params.max_length` tokens together.
/// InvalidArgument in the reference's words when the strategy cannot.
Result<void> truncate(Encoding& first, std::optional<Encoding>& second, const TruncationParams& params);

/// Pads all to one length. OutOfRange above the limits of growth.
Result<void> pad(std::span<Encoding> encodings, const PaddingParams& params);

}  // namespace headrace::text
