#pragma once

#include <cstdint>
#include <span>

#include "frame/array.h"

namespace headrace::frame {

/// What stands for no row: the result is null there.
inline constexpr uint64_t kNoRow = UINT64_MAX;

/// The rows named, in that order, as a new array. Strings keep their blocks. OutOfMemory, of the budget.
Result<Array> gather(const Array& array, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget);

/// A copy that holds nothing but what its rows need.
Result<Array> compact(const Array& array, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
