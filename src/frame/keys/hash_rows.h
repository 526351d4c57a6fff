#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "frame/array.h"

namespace headrace::frame {

// Rows of key columns: what group_by, unique and joins find one another by. Keys that are compared are of equal types (casts to a common
// type come before). 0.0 is -0.0, all NaN are one value, null is a value of its own, categories are their strings: for hashes
// and for equality alike, so that equal rows have equal hashes.

/// A hash for each row, of all bits of which any may be used. `hashes` is as long as the keys; without keys all are equal. OutOfMemory, of
/// the budget.
Result<void> hash_rows(std::span<const Array> keys, std::span<uint64_t> hashes,
                       const std::shared_ptr<MemoryBudget>& budget = process_budget());

/// Whether a row of some keys is one of others, null equal to null.
bool rows_equal(std::span<const Array> left, size_t left_row, std::span<const Array> right, size_t right_row);

/// The same for many pairs: clears `equal[i]` where left_rows[i] and right_rows[i] differ, and looks at those alone where it is set.
void keep_equal(std::span<const Array> left, std::span<const uint64_t> left_rows, std::span<const Array> right,
                std::span<const uint64_t> right_rows, std::span<uint8_t> equal);

}  // namespace headrace::frame
