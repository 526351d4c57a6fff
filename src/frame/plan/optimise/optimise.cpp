#include "frame/plan/optimise/passes.h"

namespace headrace::frame {

Plan Plan::optimised() const {
  // Conditions are where rows are read when joins are put in order, and those that stood between joins go there afterwards.
  return Plan(push_columns(push_conditions(order_joins(push_conditions(push_slices(fold_constants(node_)))))));
}

}  // namespace headrace::frame
