#pragma once

#include <vector>

#include "frame/array.h"
#include "frame/spill/spill_file.h"

namespace headrace::frame {

/// Rows of some columns that lie in a spill file. Strings of categories stay in memory: rows have them in common.
struct SpilledRows {
  SpillFile::Place place;
  size_t rows = 0;
  std::vector<DataType> types;
  std::vector<std::shared_ptr<const Array>> categories;  ///< in the order of the columns that have some
};

/// Writes the rows of arrays of equal length. OutOfMemory if the budget has no room for them once more.
Result<SpilledRows> spill(SpillFile& file, std::span<const Array> arrays, const std::shared_ptr<MemoryBudget>& budget);
/// The same arrays, in memory of their own.
Result<std::vector<Array>> load(const SpillFile& file, const SpilledRows& rows, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
