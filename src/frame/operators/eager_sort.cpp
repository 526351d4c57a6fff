#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/keys/sort_rows.h"
#include "frame/operators/gather_rows.h"
#include "frame/operators/sort.h"
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

/// The places of the first rows, by as many workers as there are threads, each with a stretch of the rows.
Result<std::vector<uint64_t>> first_places(const std::vector<Array>& keys, const std::vector<SortOrder>& orders, size_t rows, size_t limit,
                                           const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Field> fields;
  for (size_t i = 0; i < keys.size(); ++i) fields.push_back({std::to_string(i), keys[i].type()});
  HR_TRY(const Schema schema, Schema::make(std::move(fields)));
  std::vector<BoundExpression> bound;
  for (const Field& field : schema.fields()) {
    HR_TRY(BoundExpression one, BoundExpression::bind(Expression::column(field.name), schema));
    bound.push_back(std::move(one));
  }
  const auto workers = static_cast<size_t>(ThreadPool::process().threads());
  HR_TRY(Sort sort, Sort::make(schema, std::move(bound), orders, limit, workers, budget));
  std::vector<Result<void>> added(workers);
  ThreadPool::process().parallel_for(workers, 1, [&](size_t begin, size_t end) {
    for (size_t worker = begin; worker < end; ++worker) {
      const size_t last = rows * (worker + 1) / workers;
      for (size_t row = rows * worker / workers; row < last && added[worker]; row += Sort::kRows) {
        Chunk chunk{.columns = {}, .rows = std::min(Sort::kRows, last - row)};
        for (const Array& key : keys) chunk.columns.push_back(key.slice(row, chunk.rows));
        added[worker] = sort.add(worker, row, chunk);
      }
    }
  });
  for (Result<void>& one : added) HR_CHECK(std::move(one));
  HR_CHECK(sort.finish());
  return sort.places();
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
  if (!keys.empty() && limit < frame.height() / 8) {
    HR_TRY(const std::vector<uint64_t> first, first_places(keys, orders, frame.height(), limit, budget));
    return gather_rows(frame, first, budget);
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
  HR_TRY(Buffer narrow, Buffer::from_pool(column.size() * sizeof(uint32_t), budget));
  std::ranges::transform(std::span(rows.as<uint64_t>(), column.size()), narrow.as<uint32_t>(),
                         [](uint64_t row) { return static_cast<uint32_t>(row); });
  return Array::make({.type = TypeId::UInt32, .size = column.size(), .values = std::move(narrow)});
}

}  // namespace headrace::frame
