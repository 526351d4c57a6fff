#pragma once

#include <memory>
#include <span>

#include "frame/array.h"
#include "frame/expression.h"

namespace headrace::frame {

/// Where rows stand in the promised order: one after the other from a first one, or each its own.
struct Places {
  uint64_t first = 0;
  const uint64_t* of_rows = nullptr;
  uint64_t operator[](size_t row) const { return of_rows != nullptr ? of_rows[row] : first + row; }
};

/// Rows to be counted in: the values, of Len none, and for each the number of its group.
struct AggregateRows {
  const Array* input = nullptr;
  std::span<const uint32_t> groups;
  Places places;
  bool is_one_group = false;  ///< all are the group 0
};

/// The states of one aggregate for groups that are numbered. Not thread-safe. Results do not depend on how rows are divided among calls nor
/// on
/// their order, but for what their places say. Errors: OutOfMemory, of the budget; of finish() OutOfRange, what does not fit its type.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  /// Makes room for so many groups, the new ones of no rows.
  virtual Result<void> resize(size_t groups) = 0;
  virtual Result<void> update(const AggregateRows& rows) = 0;
  /// No more rows come: what others read of it is put together.
  virtual Result<void> seal() { return {}; }
  /// Adds from_groups[i] of a sealed one, which is of the same aggregate, to groups[i]. Only if is_mergeable().
  virtual Result<void> merge(const Accumulator& from, std::span<const uint64_t> from_groups, std::span<const uint32_t> groups);
  /// The result of each group, in the order of numbers.
  virtual Result<Array> finish() = 0;
};

/// Whether states can be merged. What needs all of its values at once cannot: its rows have to come to one accumulator.
bool is_mergeable(AggregateOperator op);

/// `input` and `result` are those of types_of().
std::unique_ptr<Accumulator> make_accumulator(const Expression::Aggregate& what, const DataType& input, const DataType& result,
                                              const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
