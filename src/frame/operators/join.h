#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "frame/expressions/bound_expression.h"
#include "frame/join.h"
#include "frame/keys/join_table.h"
#include "frame/operators/join_columns.h"
#include "frame/operators/key_filter.h"
#include "frame/operators/piece.h"

namespace headrace::frame {

/// A join whose right side is kept and looked up by the rows of the left, chunk after chunk. Workers add chunks of the right side at the
/// same time, each under its own number; then finish() once; then probe() from any threads; then, when all of the left side has been,
/// unmatched(). The results of chunks that are probed in the left side's order, and unmatched() behind them, are the join in its promised
/// order.
class Join {
 public:
  static constexpr size_t kRows = size_t{16} << 10;  ///< of a chunk of the result, at most
  /// Takes a chunk of the result.
  using Emit = std::function<Result<void>(Chunk)>;

  /// As many keys on the left as on the right, none for cross joins, and one at least for others without a condition. `workers`: how many
  /// numbers of workers there are. Validation looks at the right side; that the left has each key once is for the caller to check.
  static Result<Join> make(const Schema& left, const Schema& right, std::span<const Expression> left_on,
                           std::span<const Expression> right_on,
                           JoinOptions options, size_t workers, std::shared_ptr<MemoryBudget> budget);

  const Schema& schema() const { return columns_.schema; }
  const JoinOptions& options() const { return options_; }
  const DataType& key_type(size_t key) const { return right_keys_[key].type(); }
  /// finish() is to fill a filter with the right side's values of a key.
  void fill(size_t key, std::shared_ptr<KeyFilter> filter) { filters_.push_back({key, std::move(filter)}); }
  /// Rows of the right side whose places in its order are first_row, first_row + 1 ...
  Result<void> add(size_t worker, uint64_t first_row, const Chunk& chunk);
  Result<void> finish();

  /// Rows of the left side, and what they find, in their order.
  Result<void> probe(const Chunk& left, const Emit& emit) const;
  /// The rows of the right side that no row has found, in right and full joins.
  Result<void> unmatched(const Emit& emit) const;

  /// The keys of a side, cast to the type that they are compared as.
  Result<std::vector<Array>> left_keys(const Chunk& left) const;
  Result<std::vector<Array>> right_keys(const Chunk& right) const;
  /// Where the columns of the schema come from.
  std::span<const JoinColumn> columns() const { return columns_.columns; }

 private:
  struct Pairs;

  /// Calls take(left row, right row) for every row of the left side and what it finds by its keys, in order; with `once`, for the first of
  /// those.
  template <class Take>
  Result<void> each_candidate(const Chunk& left, bool once, const Take& take) const;
  /// The same where the condition holds.
  template <class Take>
  Result<void> each_match(const Chunk& left, bool once, const Take& take) const;
  /// Takes the pairs out for which the condition does not hold.
  Result<void> keep_matches(const Chunk& left, Pairs& pairs) const;
  Result<void> bind_condition(const Schema& left, const Schema& right, const Expression& condition, const std::string& suffix);
  /// Hands on the rows that these pairs make, and empties them.
  Result<void> flush(const Chunk& left, Pairs& pairs, const Emit& emit) const;
  Result<Chunk> chunk_of(const Chunk& left, const Pairs& pairs) const;
  Result<Array> column_of(size_t column, const Chunk& left, const Pairs& pairs) const;
  void mark(uint64_t right_row) const;

  JoinOptions options_;
  JoinColumns columns_;
  std::vector<DataType> left_types_;
  std::vector<BoundExpression> left_keys_, right_keys_;
  struct Filter {
    size_t key;
    std::shared_ptr<KeyFilter> filter;
  };
  std::vector<Filter> filters_;
  std::optional<BoundExpression> condition_;
  std::vector<bool> condition_reads_;  ///< columns of the left side, then of the right
  std::shared_ptr<MemoryBudget> budget_;
  std::vector<std::vector<Piece>> workers_;
  std::vector<Array> right_;  ///< columns, contiguous
  std::vector<DataType> right_types_;
  size_t right_rows_ = 0;
  std::optional<JoinTable> table_;
  Buffer matched_;  ///< a byte for each row of the right side
};

}  // namespace headrace::frame
