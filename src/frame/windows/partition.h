#pragma once

#include <memory>
#include <span>
#include <vector>

#include "frame/keys/sort_keys.h"
#include "frame/windows/sequence.h"

namespace headrace::frame {

/// Rows of equal keys, one after the other.
struct PartitionPart {
  std::vector<uint64_t> rows;            ///< numbers of rows, group after group
  std::shared_ptr<const Starts> starts;  ///< of groups
};

/// Rows put apart by keys: by the upper bits of their hashes into parts, each with whole groups, and within a group in
/// the order of the order keys, rows of equal ones, and all rows without any, as they came. In parallel. Empty parts
/// are left out.
Result<std::vector<PartitionPart>> partition(std::span<const Array> keys, size_t rows, std::span<const Array> order,
                                             std::span<const SortOrder> orders,
                                             const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
