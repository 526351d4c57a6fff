#pragma once

#include <memory>
#include <vector>

#include "frame/aggregates/bound_aggregate.h"
#include "frame/keys/group_table.h"
#include "frame/spill/spilling.h"

namespace headrace::frame {

/// Groups rows by keys and calculates aggregates of each group. Every worker has a table of its own; one that grows beyond the cache is put
/// aside for a fresh
/// one, and where that lessens the rows little, rows themselves are put aside, apart by the upper bits of their hashes. finish() merges
/// what was put
/// aside, such a part at a time and parts in parallel. Groups come out in the order of their first rows. Without keys all rows are one
/// group,
/// also where there are none.
/// A worker that holds more than its share of a query's memory spills rows, by such parts too.
class Aggregation {
 public:
  Aggregation(std::vector<BoundExpression> keys, std::vector<BoundAggregate> aggregates, size_t workers,
              std::shared_ptr<MemoryBudget> budget, std::shared_ptr<Spilling> spilling = nullptr);
  ~Aggregation();
  Aggregation(Aggregation&&) noexcept;

  /// Rows of a chunk of the schema that keys and aggregates are bound to; `first_row` is its first one's place in the promised order.
  /// Thread-safe for
  /// different workers. Errors are those of expressions, and OutOfMemory.
  Result<void> add(size_t worker, uint64_t first_row, const Chunk& chunk);
  /// After the last row. OutOfRange names the aggregate that does not fit its type.
  Result<void> finish();

  /// After finish(): how many rows come out, in chunks of kRows, and those: keys, then aggregates. Thread-safe.
  size_t groups() const { return groups_; }
  size_t chunks() const { return (groups_ + kRows - 1) / kRows; }
  Result<Chunk> chunk(size_t index) const;

  static constexpr size_t kRows = size_t{16} << 10;

 private:
  struct Table;
  struct RowsAside;
  struct Worker;

  std::unique_ptr<Table> make_table() const;
  bool exceeds_share(size_t groups) const;
  Result<void> add_rows(Worker& worker, uint64_t first_row, std::vector<Array> keys, std::vector<Array> inputs, size_t rows) const;
  Result<void> put_aside(Worker& worker) const;
  Result<void> put_rows_aside(Worker& worker, uint64_t first_row, std::vector<Array> inputs) const;
  Result<void> look_at_rows(Worker& worker) const;
  Result<void> spill_rows(Worker& worker) const;
  std::vector<Array> slice_of(const RowsAside& aside, size_t begin, size_t rows) const;
  RowsAside rows_of(std::vector<Array> arrays) const;
  Result<void> absorb_groups(const Table& from, std::span<const uint64_t> groups, KeyBatch& batch, Table& into) const;
  Result<void> absorb_rows(const RowsAside& from, size_t begin, size_t end, KeyBatch& batch, Table& into) const;
  Result<void> merge_part(size_t part, size_t parts, Table& into) const;
  Result<void> merge(std::vector<std::unique_ptr<Table>>& parts, std::vector<std::vector<Array>>& columns) const;
  Result<void> collect(std::vector<std::unique_ptr<Table>> parts, std::vector<std::vector<Array>> columns);
  Result<void> finish_columns(Table& part, std::vector<std::vector<Array>>& columns, size_t index) const;
  Result<void> order(const std::vector<std::unique_ptr<Table>>& parts);

  std::vector<BoundExpression> keys_;
  std::vector<BoundAggregate> aggregates_;
  std::shared_ptr<MemoryBudget> budget_;
  std::shared_ptr<Spilling> spilling_;
  std::shared_ptr<const KeyLayout> layout_;
  bool needs_rows_ = false;  ///< an aggregate cannot be merged
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t groups_ = 0;
  std::vector<Array> columns_;  ///< of results, before they are in order
  Buffer order_;                ///< UInt64: which of their rows comes when; empty: as they are
};

}  // namespace headrace::frame
