#include "frame/aggregates/bound_aggregate.h"

#include <fmt/format.h>

#include <algorithm>

#include "frame/aggregates/types.h"

namespace headrace::frame {

Result<BoundAggregate> BoundAggregate::bind(const Expression& expression, const Schema& schema, std::span<const Expression> aggregates,
                                            std::span<const DataType> types) {
  BoundAggregate bound{.what = std::get<Expression::Aggregate>(expression.kind()),
                       .input = {},
                       .input_type = {},
                       .result = TypeId::UInt32,
                       .text = to_string(expression)};
  const auto wrong = [&](const std::string& message) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}: {}.", bound.text, message));
  };
  if (const double q = bound.what.quantile; !(q >= 0 && q <= 1)) return wrong(fmt::format("a quantile is between 0 and 1, not {}", q));
  if (expression.inputs().empty()) return bound;
  HR_TRY(const BoundExpression input, BoundExpression::bind(expression.inputs()[0], schema, aggregates, types));
  const auto found = types_of(bound.what, input.type());
  if (!found) return wrong(found.error().message);
  bound.input_type = found->input;
  bound.result = found->result;
  bound.input = input.cast_to(bound.input_type);
  return bound;
}

void collect_aggregates(const Expression& expression, std::vector<Expression>& into) {
  if (std::holds_alternative<Expression::Aggregate>(expression.kind())) {
    if (std::ranges::find(into, expression) == into.end()) into.push_back(expression);
    return;
  }
  for (const Expression& input : expression.inputs()) collect_aggregates(input, into);
}

bool has_aggregate(const Expression& expression) {
  return std::holds_alternative<Expression::Aggregate>(expression.kind()) || std::ranges::any_of(expression.inputs(), has_aggregate);
}

bool is_of_rows(const Expression& expression) {
  if (std::holds_alternative<Expression::Aggregate>(expression.kind())) return false;
  return std::holds_alternative<Expression::Column>(expression.kind()) || std::ranges::any_of(expression.inputs(), is_of_rows);
}

}  // namespace headrace::frame
