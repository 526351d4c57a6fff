#pragma once

#include <functional>
#include <memory>
#include <span>

#include "frame/column_function.h"

namespace headrace::frame {

/// An async function's values for all rows: calls of so many rows as it prefers are started one after the other, a few
/// of them and of their bytes at a time, and what they answer is put in the rows' order. The caller waits, so that it
/// must be no thread of the pool. The first error, in the order of rows, ends it, as is_cancelled() does: no further
/// call is started, and those on their way are told.
Result<Array> call_async(const ColumnFunction& function, std::span<const Array> inputs, size_t rows,
                         const DataType& type, const std::shared_ptr<MemoryBudget>& budget,
                         const std::function<bool()>& is_cancelled);

}  // namespace headrace::frame
