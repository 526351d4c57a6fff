#pragma once

#include <functional>
#include <vector>

#include "frame/executor/source.h"

namespace headrace::frame {

/// Which of a chunk's rows are left.
struct Selection {
  bool is_all = true;
  std::vector<uint64_t> rows{};  ///< unless all are

  size_t size(size_t of) const { return is_all ? of : rows.size(); }
};

/// Conditions that are tried one after the other.
class Conditions {
 public:
  /// The errors are BoundExpression::bind()'s.
  static Result<Conditions> bind(const std::vector<Expression>& conditions, const Schema& schema);

  /// The rows for which all hold. One that can fail is calculated for rows only that are left by those before it. `load(column)` is called
  /// before a column of the chunk is read, and not at all once no row is left.
  Result<Selection> select(Chunk& chunk, const std::function<Result<void>(size_t)>& load,
                           const std::shared_ptr<MemoryBudget>& budget) const;

 private:
  struct One {
    BoundExpression expression;
    std::vector<size_t> columns;
  };
  static Result<void> narrow(const One& one, const Chunk& chunk, Selection& selection, const std::shared_ptr<MemoryBudget>& budget);

  std::vector<One> all_;
};

/// The rows that are left of a column.
Result<Array> taken(const Array& column, const Selection& selection, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
