#pragma once

#include "frame/operators/join.h"

namespace headrace::frame {

/// Whether the left side is so much smaller that it is better kept and the right one looked up. Inner joins alone, without condition and
/// validation.
bool is_for_small_left(const DataFrame& left, const DataFrame& right, const JoinOptions& options);

/// That join, with keys: what the rows of the right side find is put in the order of the left rows, as the other way gives it.
Result<DataFrame> join_small_left(const Join& join, const DataFrame& left, const DataFrame& right,
                                  const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
