#pragma once

#include <memory>
#include <span>
#include <vector>

#include "frame/aggregates/bound_aggregate.h"

namespace headrace::frame {

/// The aggregates in expressions over a whole frame, those within others first.
class Reduction {
 public:
  /// NotFound or InvalidArgument names the part of an expression that is wrong.
  static Result<Reduction> bind(std::span<const Expression> expressions, const Schema& schema);
  /// One of the expressions, over a frame's columns and evaluate()'s.
  Result<BoundExpression> bind(const Expression& expression, const Schema& schema) const;
  /// The value of each aggregate, so many times.
  Result<std::vector<Array>> evaluate(const DataFrame& frame, size_t times, const std::shared_ptr<MemoryBudget>& budget) const;

 private:
  Result<void> reduce(const DataFrame& frame, bool of_rows, const std::vector<Array>& inner, std::vector<Array>& values,
                      const std::shared_ptr<MemoryBudget>& budget) const;

  std::vector<Expression> aggregates_;
  std::vector<DataType> types_;
  std::vector<BoundAggregate> bound_;
  std::vector<uint8_t> of_rows_;             ///< whether an aggregate is of rows, or of the one value of others
  std::shared_ptr<const Reduction> inner_;  ///< the aggregates within them
};

class Aggregation;
/// Gives an operator all rows of a frame that it reads, in parallel, with further columns behind the frame's.
Result<void> add_frame(const DataFrame& frame, const std::vector<bool>& read, const std::vector<Array>& more, size_t workers,
                       Aggregation& into);
/// How many workers a frame's rows are worth.
size_t workers_for(const DataFrame& frame);

}  // namespace headrace::frame
