#pragma once

#include <optional>
#include <string>

#include "frame/aggregates/accumulator.h"
#include "frame/expressions/bound_expression.h"

namespace headrace::frame {

/// An aggregate over the columns of a schema, its types found and checked.
struct BoundAggregate {
  Expression::Aggregate what;
  std::optional<BoundExpression> input;  ///< cast already; none of len()
  DataType input_type, result;
  std::string text;  ///< for messages

  /// `expression` is an aggregate; those within it are further columns, as BoundExpression::bind() has them. NotFound or InvalidArgument
  /// names the part that is wrong.
  static Result<BoundAggregate> bind(const Expression& expression, const Schema& schema, std::span<const Expression> aggregates = {},
                                     std::span<const DataType> types = {});
  std::unique_ptr<Accumulator> accumulator(const std::shared_ptr<MemoryBudget>& budget) const {
    return make_accumulator(what, input_type, result, budget);
  }
};

/// The aggregates that stand in an expression and in no other aggregate, put behind those of `into` that are not there yet.
void collect_aggregates(const Expression& expression, std::vector<Expression>& into);
/// Whether an aggregate stands in it.
bool has_aggregate(const Expression& expression);
/// Whether a column stands in it and in no aggregate: whether it has a value for each row.
bool is_of_rows(const Expression& expression);

}  // namespace headrace::frame
