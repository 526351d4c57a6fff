#include "frame/executor/operators.h"

#include <utility>

#include "frame/executor/gathered_source.h"

namespace headrace::frame {

Result<void> FilterOperator::push(Morsel morsel, const Emit& emit) const {
  HR_TRY(const Selection selection, conditions_.select(morsel.chunk, [](size_t) { return Result<void>(); }, budget_));
  Morsel out{.first_row = morsel.first_row, .chunk = {.columns = {}, .rows = selection.size(morsel.chunk.rows)}};
  if (out.chunk.rows == 0) return {};
  for (const size_t column : kept_) {
    HR_TRY(Array kept, taken(morsel.chunk.columns[column], selection, budget_));
    out.chunk.columns.push_back(std::move(kept));
  }
  return emit(std::move(out));
}

Result<void> ProjectOperator::push(Morsel morsel, const Emit& emit) const {
  Morsel out{.first_row = morsel.first_row, .chunk = {.columns = {}, .rows = morsel.chunk.rows}};
  for (const BoundExpression& expression : expressions_) {
    HR_TRY(Array column, expression.evaluate(morsel.chunk, budget_));
    out.chunk.columns.push_back(std::move(column));
  }
  return emit(std::move(out));
}

Result<void> RowIndexOperator::push(Morsel morsel, const Emit& emit) const {
  const size_t rows = morsel.chunk.rows;
  const uint64_t first = offset_ + morsel.first_row;
  if (offset_ > UINT32_MAX || first > UINT32_MAX || rows - 1 > UINT32_MAX - first) {
    return fail(ErrorKind::OutOfRange, "The numbers of rows pass 4294967295, the last that a row index has.");
  }
  HR_TRY(Buffer numbers, Buffer::from_pool(rows * sizeof(uint32_t), budget_));
  for (size_t row = 0; row < rows; ++row) numbers.as<uint32_t>()[row] = static_cast<uint32_t>(first + row);
  HR_TRY(Array index, Array::make({.type = TypeId::UInt32, .size = rows, .values = std::move(numbers), .nulls = 0}));
  morsel.chunk.columns.insert(morsel.chunk.columns.begin(), std::move(index));
  return emit(std::move(morsel));
}

Result<void> GroupResultsOperator::push(Morsel morsel, const Emit& emit) const {
  HR_TRY(morsel.chunk, results_.of(std::move(morsel.chunk), budget_));
  return emit(std::move(morsel));
}

Result<void> JoinOperator::open() { return gather_all(right_, join_); }

Result<void> JoinOperator::push(Morsel morsel, const Emit& emit) const {
  return join_.probe(morsel.chunk, [&](Chunk chunk) { return emit({.first_row = morsel.first_row, .chunk = std::move(chunk)}); });
}

}  // namespace headrace::frame
