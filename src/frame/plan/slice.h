#pragma once

#include "frame/plan/node.h"

namespace headrace::frame {

struct RowRange {
  uint64_t begin = 0, size = 0;
};
/// Which of so many rows a slice takes: rows from before the first count, and are none.
RowRange rows_of(const PlanNode::Slice& slice, uint64_t rows);

}  // namespace headrace::frame
