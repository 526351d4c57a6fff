#include "frame/operators/sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frame/columns/gather.h"
#include "frame/keys/ordered.h"
#include "frame/keys/sort_rows.h"

namespace headrace::frame {
namespace {

/// With a limit, a worker holds at least so many rows before it looks which to keep.
constexpr size_t kHeldRows = size_t{2} << 10;

/// The rows of a key that do not come after the value `last` of one row.
std::vector<uint64_t> rows_up_to(const Array& key, const Array& last, SortOrder order) {
  std::vector<uint64_t> rows;
  const bool last_is_null = !last.is_valid(0);
  uint64_t bound = 0;
  if (!last_is_null) with_ordered(last, [&](const auto& value) { bound = value(0); });
  const auto collect = [&](const auto& is_up_to) {
    size_t count = 0;
    for (size_t row = 0; row < key.size(); ++row) count += is_up_to(row);
    if (count == 0) return;
    rows.reserve(count);
    for (size_t row = 0; row < key.size(); ++row) {
      if (is_up_to(row)) rows.push_back(row);
    }
  };
  with_ordered(key, [&](const auto& value) {
    if (key.nulls() > 0 || last_is_null) {
      collect([&](size_t row) {
        if (!key.is_valid(row)) return !order.nulls_last || last_is_null;
        return last_is_null ? order.nulls_last : order.descending ? value(row) >= bound : value(row) <= bound;
      });
    } else if (order.descending) {
      collect([&](size_t row) { return value(row) >= bound; });
    } else {
      collect([&](size_t row) { return value(row) <= bound; });
    }
  });
  return rows;
}

}  // namespace

Result<Sort> Sort::make(Schema schema, std::vector<BoundExpression> keys, std::vector<SortOrder> orders, size_t limit, size_t workers,
                        std::shared_ptr<MemoryBudget> budget, std::shared_ptr<Spilling> spilling) {
  for (const BoundExpression& key : keys) {
    if (key.type().id() != TypeId::List) continue;
    return fail(ErrorKind::Unsupported, fmt::format("{} has no order to sort by.", to_string(key.type())));
  }
  Sort sort;
  sort.schema_ = std::move(schema);
  sort.keys_ = std::move(keys);
  sort.orders_ = std::move(orders);
  sort.limit_ = limit;
  sort.budget_ = std::move(budget);
  sort.workers_.resize(workers);
  if (!sort.is_limited()) sort.spilling_ = std::move(spilling);
  if (sort.has_places()) sort.orders_.push_back({});  // of the places
  if (sort.spilling_) sort.external_ = std::make_unique<ExternalSort>(sort.schema_.size(), sort.orders_, sort.spilling_, sort.budget_);
  return sort;
}

Result<void> Sort::add(size_t worker, uint64_t first_row, const Chunk& chunk) {
  if (chunk.rows == 0 || limit_ == 0) return {};
  Worker& mine = workers_[worker];
  HR_TRY(Piece piece, candidates(mine, first_row, chunk));
  if (piece.rows == 0) return {};
  mine.rows += piece.rows;
  if (spilling_) mine.bytes += live_bytes(piece.arrays);
  mine.pieces.push_back(std::move(piece));
  if (spilling_ && mine.bytes > spilling_->share_bytes() / workers_.size()) return spill(mine);
  const bool is_enough = mine.rows >= kHeldRows && mine.rows / 4 >= limit_;
  return is_limited() && is_enough ? cut(mine) : Result<void>();
}

Result<Piece> Sort::candidates(const Worker& worker, uint64_t first_row, const Chunk& chunk) const {
  Piece piece{.first_row = first_row, .rows = chunk.rows, .arrays = chunk.columns};
  for (const BoundExpression& key : keys_) {
    HR_TRY(Array values, key.evaluate(chunk, budget_));
    piece.arrays.push_back(std::move(values));
  }
  if (!has_places()) return piece;
  std::vector<uint64_t> rows;
  if (worker.last) {
    rows = rows_up_to(piece.arrays[schema_.size()], *worker.last, orders_.front());
    piece.rows = rows.size();
    if (piece.rows == 0) return piece;
    for (Array& array : piece.arrays) {
      HR_TRY(array, gather(array, rows, budget_));
    }
  }
  HR_TRY(Buffer places, Buffer::from_pool(piece.rows * sizeof(uint64_t), budget_));
  for (size_t i = 0; i < piece.rows; ++i) places.as<uint64_t>()[i] = first_row + (worker.last ? rows[i] : i);
  HR_TRY(Array array, Array::make({.type = TypeId::UInt64, .size = piece.rows, .values = std::move(places)}));
  piece.arrays.push_back(std::move(array));
  return piece;
}

Result<void> Sort::cut(Worker& worker) const {
  HR_TRY(Piece kept, first_of(std::exchange(worker.pieces, {})));
  worker.rows = kept.rows;
  const Array& key = kept.arrays[schema_.size()];
  if (is_one_word(key.type())) worker.last = key.slice(kept.rows - 1, 1);
  worker.pieces.push_back(std::move(kept));
  return {};
}

Result<void> Sort::spill(Worker& worker) {
  worker.rows = 0;
  worker.bytes = 0;
  return external_->add(std::exchange(worker.pieces, {}));
}

Result<void> Sort::finish() {
  if (external_ && !external_->is_empty()) {
    for (Worker& worker : workers_) HR_CHECK(spill(worker));
    workers_.clear();
    return external_->finish();
  }
  external_.reset();
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
  if (is_limited()) places_ = arrays_.back();
  arrays_.resize(schema_.size());
  return {};
}

Result<Chunk> Sort::chunk(size_t number) const {
  const size_t begin = number * kRows, rows = std::min(kRows, this->rows() - begin);
  Chunk chunk{.columns = {}, .rows = rows};
  if (external_) {
    HR_TRY(chunk.columns, external_->read(begin, rows));
    return chunk;
  }
  for (const Array& array : arrays_) {
    HR_TRY(Array column, gather(array, {order_.as<uint64_t>() + begin, rows}, budget_));
    chunk.columns.push_back(std::move(column));
  }
  return chunk;
}

std::vector<uint64_t> Sort::places() const {
  std::vector<uint64_t> places;
  for (const uint64_t row : std::span(order_.as<const uint64_t>(), rows())) places.push_back(places_.data<uint64_t>()[row]);
  return places;
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
