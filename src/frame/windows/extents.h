#pragma once

#include <span>
#include <vector>

#include "frame/expression.h"
#include "frame/windows/sequence.h"

namespace headrace::frame {

/// For each row the rows [begin, end) of its group that an aggregate sees. Within a group neither ever goes back.
struct Extents {
  std::vector<uint64_t> begin, end;
};

/// As a frame has them, of rows that lie in the order of the keys. InvalidArgument for offsets of values without one
/// order key of numbers or times.
Result<Extents> extents_of(const WindowFrame& frame, const Starts& starts, std::span<const Array> order,
                           bool descending);
/// Of `size` rows each: those before the row and itself; `center`: as many after it.
Extents rolling_extents(const Starts& starts, uint64_t size, bool center);

/// An aggregate of the rows that each row sees, of values of the type `input`; null where fewer than `least` of them
/// have a value. `nan_wins`: a NaN makes Min NaN too. OutOfRange for sums that do not fit the result.
struct FramedAggregate {
  Expression::Aggregate what;
  DataType input, result;
  uint64_t least = 0;
  bool nan_wins = false;
};
Result<Array> framed(const FramedAggregate& aggregate, const Array& values, const Extents& extents,
                     const Starts& starts, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
