#pragma once

#include <span>

#include "frame/array.h"

namespace headrace::frame {

/// Arrays of one type after one another as one. Strings keep their blocks; categories that differ are made anew.
Result<Array> concatenate(std::span<const Array> arrays, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
