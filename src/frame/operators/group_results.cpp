#include "frame/operators/group_results.h"

#include <utility>

namespace headrace::frame {

Result<std::vector<BoundExpression>> bind_keys(std::span<const Expression> keys, const Schema& schema) {
  std::vector<BoundExpression> bound;
  for (const Expression& key : keys) {
    HR_TRY(BoundExpression one, BoundExpression::bind(key, schema));
    bound.push_back(std::move(one));
  }
  return bound;
}

namespace {

/// What an expression is of a group: values of rows come together as a list.
Expression of_group(const Expression& expression) {
  return is_of_rows(expression) ? Expression::aggregate({.op = AggregateOperator::Implode}, expression) : expression;
}

}  // namespace

Result<GroupResults> GroupResults::bind(std::span<const Expression> keys, std::span<const Expression> expressions, const Schema& schema) {
  GroupResults results;
  HR_TRY(results.keys_, bind_keys(keys, schema));
  std::vector<Field> fields;
  for (size_t i = 0; i < keys.size(); ++i) fields.push_back({keys[i].name(), results.keys_[i].type()});
  std::vector<Expression> of_groups, found;
  for (const Expression& expression : expressions) {
    Expression one = of_group(expression);
    collect_aggregates(one, found);
    of_groups.push_back(std::move(one));
  }
  std::vector<DataType> types;
  for (const Expression& one : found) {
    HR_TRY(BoundAggregate bound, BoundAggregate::bind(one, schema));
    types.push_back(bound.result);
    results.aggregates_.push_back(std::move(bound));
  }
  for (const Expression& one : of_groups) {
    HR_TRY(BoundExpression bound, BoundExpression::bind(one, Schema(), found, types));
    fields.push_back({one.name(), bound.type()});
    results.expressions_.push_back(std::move(bound));
  }
  HR_TRY(results.schema_, Schema::make(std::move(fields)));
  return results;
}

Result<Chunk> GroupResults::of(Chunk groups, const std::shared_ptr<MemoryBudget>& budget) const {
  Chunk out{.columns = {}, .rows = groups.rows};
  const auto begin = groups.columns.begin(), end = begin + static_cast<ptrdiff_t>(keys_.size());
  out.columns.assign(std::make_move_iterator(begin), std::make_move_iterator(end));
  groups.columns.erase(begin, end);
  for (const BoundExpression& expression : expressions_) {
    HR_TRY(Array column, expression.evaluate(groups, budget));
    out.columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace headrace::frame
