#pragma once

#include "frame/keys/sort_keys.h"

namespace headrace::frame {

/// The numbers of rows 0 .. rows - 1 in the order of their keys, as UInt64, rows of equal keys in the order of their numbers; of them the
/// first `wanted`. By digits, the highest first, in parallel on the process's pool.
Result<Buffer> sorted_rows(const SortKeys& keys, size_t rows, size_t wanted, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
