#include "frame/operators/sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "frame/columns/gather.h"
#include "frame/keys/sort_rows.h"

namespace headrace::frame {
namespace {

/// With a limit, a worker holds at least so many rows before it looks which to keep.
constexpr size_t kHeldRows = size_t{64} << 10;

Result<Array> places_from(uint64_t first_row, size_t rows, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Buffer values, Buffer::allocate(rows * sizeof(uint64_t), budget));
  std::iota(values.as<uint64_t>(), values.as<uint64_t>() + rows, first_row);
  return Array::make({.type = TypeId::UInt64, .size = rows, .values = std::move(values)});
}

}  // namespace

Result<Sort> Sort::make(Schema schema, std::vector<BoundExpression> keys, std::vector<SortOrder> orders, size_t limit, size_t workers,
                        std::shared_ptr<MemoryBudget> budget) {
  for (const BoundExpression& key : keys) {
    if (key.type().id() == TypeId::List) return fail(ErrorKind::Unsupported, fmt::format("{} has no order to sort by.", to_string(key.type())));
  }
  Sort sort;
  sort.schema_ = std::move(schema);
  sort.keys_ = std::move(keys);
  sort.orders_ = std::move(orders);
  sort.limit_ = limit;
  sort.budget_ = std::move(budget);
  sort.workers_.resize(workers);
  if (sort.is_limited()) sort.orders_.push_back({});  // of the places
  return sort;
}

Result<void> Sort::add(size_t worker, uint64_t first_row, const Chunk& chunk) {
  if (chunk.rows == 0 || limit_ == 0) return {};
  Piece piece{.first_row = first_row, .rows = chunk.rows, .arrays = chunk.columns};
  for (const BoundExpression& key : keys_) {
    HR_TRY(Array values, key.evaluate(chunk, budget_));
    piece.arrays.push_back(std::move(values));
  }
  if (is_limited()) {
    HR_TRY(Array places, places_from(first_row, chunk.rows, budget_));
    piece.arrays.push_back(std::move(places));
  }
  if (limit_ < chunk.rows / 2) {
    HR_TRY(piece, first_of({std::move(piece)}));
  }
  Worker& mine = workers_[worker];
  mine.rows += piece.rows;
  mine.pieces.push_back(std::move(piece));
  if (is_limited() && mine.rows >= kHeldRows && mine.rows / 4 >= limit_) {
    HR_TRY(Piece kept, first_of(std::exchange(mine.pieces, {})));
    mine.rows = kept.rows;
    mine.pieces.push_back(std::move(kept));
  }
  return {};
}

Result<void> Sort::finish() {
  std::vector<Piece> pieces;
  size_t rows = 0;
  for (Worker& worker : workers_) {
    rows += worker.rows;
    std::ranges::move(worker.pieces, std::back_inserter(pieces));
  }
  workers_.clear();
  if (pieces.empty()) return {};
  std::ranges::sort(pieces, {}, &Piece::first_row);
  HR_TRY(arrays_, joined(std::move(pieces), budget_));
  HR_TRY(order_, order_of(arrays_, rows));
  arrays_.resize(schema_.size());
  return {};
}

Result<Chunk> Sort::chunk(size_t number) const {
  const size_t begin = number * kRows, rows = std::min(kRows, this->rows() - begin);
  Chunk chunk{.columns = {}, .rows = rows};
  for (const Array& array : arrays_) {
    HR_TRY(Array column, gather(array, {order_.as<uint64_t>() + begin, rows}, budget_));
    chunk.columns.push_back(std::move(column));
  }
  return chunk;
}

Result<Buffer> Sort::order_of(const std::vector<Array>& arrays, size_t rows) const {
  HR_TRY(const SortKeys keys, SortKeys::make({arrays.begin() + static_cast<std::ptrdiff_t>(schema_.size()), arrays.end()}, orders_));
  return sorted_rows(keys, rows, limit_, budget_);
}

Result<Piece> Sort::first_of(std::vector<Piece> pieces) const {
  Piece kept{.first_row = pieces.front().first_row, .rows = 0, .arrays = {}};
  size_t rows = 0;
  for (const Piece& piece : pieces) rows += piece.rows;
  HR_TRY(std::vector<Array> arrays, joined(std::move(pieces), budget_));
  HR_TRY(const Buffer order, order_of(arrays, rows));
  kept.rows = std::min(limit_, rows);
  for (const Array& array : arrays) {
    HR_TRY(Array first, gather(array, {order.as<uint64_t>(), kept.rows}, budget_));
    kept.arrays.push_back(std::move(first));
  }
  return kept;
}

}  // namespace headrace::frame
