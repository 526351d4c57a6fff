#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace headrace::frame::parquet {

/// Reads all values of a DELTA_BINARY_PACKED sequence, at most `most`, and takes it off the front of `bytes`. Sums wrap around, as
/// the format has it.
Result<std::vector<int64_t>> read_deltas(std::span<const std::byte>& bytes, size_t most);

}  // namespace headrace::frame::parquet
