#pragma once

#include "frame/executor/pipeline.h"
#include "frame/plan/node.h"

namespace headrace::frame {

/// The pipeline that gives a node's rows; those that must be run before it are its source's. The query outlives it.
Result<Pipeline> compile(const PlanNode& node, Query& query);

}  // namespace headrace::frame
