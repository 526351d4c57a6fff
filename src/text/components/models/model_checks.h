#pragma once

#include "base/error.h"
#include "text/components.h"

namespace headrace::text {

/// What the reference refuses when a model is made (a setter takes anything, there as
/// here). InvalidArgument, in its words.
Result<void> check_model(const BpeModel& model);
Result<void> check_model(const UnigramModel& model);

}  // namespace headrace::text
