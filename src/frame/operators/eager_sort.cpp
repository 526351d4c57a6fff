#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/keys/sort_rows.h"
#include "frame/operators/gather_rows.h"
#include "frame/sort.h"

namespace headrace::frame {
namespace {

/// The values of a key for all rows. A frame's column is taken as it is.
Result<Array> key_of(const DataFrame& frame, const Expression& expression, const std::shared_ptr<MemoryBudget>& budget) {
  if (const auto* column = std::get_if<Expression::Column>(&expression.kind())) {
    HR_TRY(const Column values, frame.column(column->name));
    return contiguous(values, budget);
  }
  const Expression one[] = {expression};
  HR_TRY(const DataFrame values, select(frame, one, budget));
  if (values.height() == frame.height()) return contiguous(values.columns()[0], budget);
  // A literal is the same for all rows.
  return Array::all_null(TypeId::Null, frame.height(), budget);
}

}  // namespace

Result<DataFrame> sort(const DataFrame& frame, std::span<const SortBy> by, size_t limit, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Array> keys;
  std::vector<SortOrder> orders;
  for (const SortBy& one : by) {
    HR_TRY(Array key, key_of(frame, one.expression, budget));
    keys.push_back(std::move(key));
    orders.push_back({.descending = one.descending, .nulls_last = one.nulls_last});
  }
  HR_TRY(const SortKeys words, SortKeys::make(std::move(keys), orders));
  HR_TRY(const Buffer order, sorted_rows(words, frame.height(), limit, budget));
  return gather_rows(frame, {order.as<uint64_t>(), std::min(limit, frame.height())}, budget);
}

Result<Array> arg_sort(const Column& column, bool descending, bool nulls_last, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Array key, contiguous(column, budget));
  const SortOrder order{.descending = descending, .nulls_last = nulls_last};
  HR_TRY(const SortKeys words, SortKeys::make({std::move(key)}, {&order, 1}));
  HR_TRY(Buffer rows, sorted_rows(words, column.size(), column.size(), budget));
  if (column.size() > UINT32_MAX) return Array::make({.type = TypeId::UInt64, .size = column.size(), .values = std::move(rows)});
  HR_TRY(Buffer narrow, Buffer::allocate(column.size() * sizeof(uint32_t), budget));
  std::ranges::transform(std::span(rows.as<uint64_t>(), column.size()), narrow.as<uint32_t>(), [](uint64_t row) { return static_cast<uint32_t>(row); });
  return Array::make({.type = TypeId::UInt32, .size = column.size(), .values = std::move(narrow)});
}

}  // namespace headrace::frame
