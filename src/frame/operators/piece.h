#pragma once

#include <cstdint>
#include <vector>

#include "frame/array.h"

namespace headrace::frame {

/// Rows that an operator keeps as they came.
struct Piece {
  uint64_t first_row = 0;  ///< place in the order
  size_t rows = 0;
  std::vector<Array> arrays;
};

/// The arrays of all pieces as one each, in the order of the pieces, of which there must be one.
Result<std::vector<Array>> joined(std::vector<Piece> pieces, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
