#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "frame/expressions/bound_expression.h"
#include "frame/keys/sort_keys.h"
#include "frame/operators/external_sort.h"
#include "frame/operators/piece.h"

namespace headrace::frame {

/// Rows put in order by keys; rows of equal keys keep their order. Workers add chunks at the same time, each under its own number; then
/// finish() once; then chunk() from any thread. With a limit a worker never holds many more rows than that; without one, workers that hold
/// more than their share of a query's memory spill it.
class Sort {
 public:
  static constexpr size_t kRows = size_t{16} << 10;  ///< of a chunk of the result, at most

  /// `workers`: how many numbers of workers there are. One order for each key. Unsupported for keys that have no order.
  static Result<Sort> make(Schema schema, std::vector<BoundExpression> keys, std::vector<SortOrder> orders, size_t limit, size_t workers,
                           std::shared_ptr<MemoryBudget> budget, std::shared_ptr<Spilling> spilling = nullptr);

  /// Rows whose places in the order before are first_row, first_row + 1 ...
  Result<void> add(size_t worker, uint64_t first_row, const Chunk& chunk);
  Result<void> finish();

  size_t rows() const { return external_ ? external_->rows() : order_.size() / sizeof(uint64_t); }
  size_t chunks() const { return (rows() + kRows - 1) / kRows; }
  Result<Chunk> chunk(size_t number) const;
  /// Of a sort with a limit: the places that the rows of the result had.
  std::vector<uint64_t> places() const;

 private:
  /// Of pieces: the columns of the schema, the keys, and with a limit or spilling the places of the rows.
  struct Worker {
    std::vector<Piece> pieces;
    size_t rows = 0;
    uint64_t bytes = 0;  ///< of the rows, where they may be spilled
    /// With a limit, the first key of the last of so many rows: what comes after it is not among them.
    std::optional<Array> last;
  };

  bool has_places() const { return is_limited() || spilling_ != nullptr; }
  bool is_limited() const { return limit_ < std::numeric_limits<size_t>::max(); }
  /// Keys and places of the rows that may be among the first, with the columns; all of them while there are too few to tell.
  Result<Piece> candidates(const Worker& worker, uint64_t first_row, const Chunk& chunk) const;
  Result<void> cut(Worker& worker) const;
  Result<void> spill(Worker& worker);
  Result<Buffer> order_of(const std::vector<Array>& arrays, size_t rows) const;
  /// The first `limit` of these rows.
  Result<Piece> first_of(std::vector<Piece> pieces) const;

  Schema schema_;
  std::vector<BoundExpression> keys_;
  std::vector<SortOrder> orders_;
  size_t limit_ = 0;
  std::shared_ptr<MemoryBudget> budget_;
  std::shared_ptr<Spilling> spilling_;
  std::unique_ptr<ExternalSort> external_;  ///< of what was spilled, in the end of all rows
  std::vector<Worker> workers_;
  std::vector<Array> arrays_;
  Array places_;
  Buffer order_;
};

}  // namespace headrace::frame
