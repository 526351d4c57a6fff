#pragma once

#include <vector>

#include "model/plan.h"
#include "model/step_trace.h"

namespace headrace::model {

/// What each step of the plan is called in a timeline, and what it reads and multiplies; one for each step.
std::vector<StepTrace::Operation> operations_of(const Plan& plan);

}  // namespace headrace::model
