#pragma once

#include "model/plan.h"
#include "model/quantize.h"

namespace headrace::model {

/// Gives the plan's F32, F16 and BF16 matrices the types that they are to be kept as. Those whose
/// rows are no whole number of blocks keep their own, and the log says so. InvalidArgument where
/// nothing would change: it names the file and what that holds.
Result<void> quantize_plan(const Gguf& file, Quantize quantize, Plan& plan);

}  // namespace headrace::model
