#pragma once

#include <span>
#include <vector>

#include "frame/parquet/leaf.h"
#include "frame/array.h"

namespace headrace::frame::parquet {

/// Whether decoded values are a column's values as they are.
bool are_values(const Leaf& leaf);

/// Decoded values as a column's, of value_bytes() each. InvalidData if one does not fit.
Result<void> convert(const Leaf& leaf, const std::byte* decoded, size_t count, const Blocks& blocks, std::byte* to);

}  // namespace headrace::frame::parquet
