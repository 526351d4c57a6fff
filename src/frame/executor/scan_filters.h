#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frame/operators/join.h"
#include "frame/operators/key_filter.h"
#include "frame/plan/node.h"

namespace headrace::frame {

/// A column of a scan that a join above it looks up, after a cast to the type of the join's key.
struct ScanFilter {
  const PlanNode* scan;
  std::string column;
  DataType type;
  std::shared_ptr<KeyFilter> filter;
};

/// For each key of a join of which rows that find nothing are left out (inner and semi) the scan of files that its left side is
/// read by, if nothing is between them but filters, projections and joins that keep the left side's rows as they are and cannot fail for
/// one. The join fills the filters before the left side is read.
std::vector<ScanFilter> scan_filters(const PlanNode& node, const PlanNode::Join& join, Join& made);

}  // namespace headrace::frame
