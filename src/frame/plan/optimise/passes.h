#pragma once

#include "frame/plan/node.h"

namespace headrace::frame {

// What Plan::optimised() does, one after the other. The result has the rows, their order and the columns that the plan has.

/// Calculates what is made of literals alone.
PlanNodePointer fold_constants(const PlanNodePointer& node);
/// Takes slices down to what they are taken of, through steps that give a row for each row.
PlanNodePointer push_slices(const PlanNodePointer& node);
/// Takes conditions down to where rows are read, one by one: through projections, with the columns' expressions put in their places where
/// those cannot fail; never through a slice or a numbering of rows. A condition that can fail never comes before one that stood before it.
PlanNodePointer push_conditions(const PlanNodePointer& node);
/// Makes joins in the order that is guessed to be the quickest, where nothing observes the order of rows.
PlanNodePointer order_joins(const PlanNodePointer& node);
/// Leaves out columns that nothing above reads.
PlanNodePointer push_columns(const PlanNodePointer& node);

}  // namespace headrace::frame
