#pragma once

#include <span>

#include "frame/data_frame.h"

namespace headrace::frame {

/// A column's chunks as one.
Result<Array> contiguous(const Column& column, const std::shared_ptr<MemoryBudget>& budget);

/// The rows of a frame by their numbers, in that order. In parallel.
Result<DataFrame> gather_rows(const DataFrame& frame, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
