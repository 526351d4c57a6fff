#include "frame/plan/optimise/passes.h"

namespace headrace::frame {

Plan Plan::optimised() const { return Plan(push_columns(push_conditions(push_slices(fold_constants(node_))))); }

}  // namespace headrace::frame
