#pragma once

#include <vector>

#include "frame/data_frame.h"
#include "frame/expressions/bound_expression.h"

namespace headrace::frame {

/// Rows [begin, begin + rows) of a frame, within one chunk of each column.
struct Stretch {
  size_t begin, rows;
};
/// All rows in stretches of at most 16,384.
std::vector<Stretch> stretches_of(const DataFrame& frame);
Chunk chunk_of(const DataFrame& frame, const Stretch& stretch);

/// All rows as one chunk: columns of several are copied.
Result<Chunk> chunk_of(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget);
/// The frame with columns of one chunk each, if its chunks are so short that to look at each by itself costs more.
Result<DataFrame> with_long_chunks(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
