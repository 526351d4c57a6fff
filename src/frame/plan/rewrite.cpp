#include "frame/plan/rewrite.h"

#include <algorithm>
#include <utility>

#include "frame/expressions/bound_expression.h"

namespace headrace::frame {

bool has_column(const Expression& expression) {
  if (std::holds_alternative<Expression::Column>(expression.kind())) return true;
  return std::ranges::any_of(expression.inputs(), has_column);
}

void add_columns(const Expression& expression, std::set<std::string, std::less<>>& names) {
  if (const auto* column = std::get_if<Expression::Column>(&expression.kind())) names.insert(column->name);
  for (const Expression& input : expression.inputs()) add_columns(input, names);
}

const Expression& without_alias(const Expression& expression) {
  if (std::holds_alternative<Expression::Alias>(expression.kind())) return without_alias(expression.inputs()[0]);
  return expression;
}

void split(const Expression& condition, std::vector<Expression>& parts) {
  const Expression& bare = without_alias(condition);
  const auto* binary = std::get_if<Expression::Binary>(&bare.kind());
  if (binary == nullptr || binary->op != BinaryOperator::And) return parts.push_back(bare);
  for (const Expression& side : bare.inputs()) split(side, parts);
}

Expression all_of(const std::vector<Expression>& conditions) {
  Expression all = conditions.front();
  for (size_t i = 1; i < conditions.size(); ++i) all = Expression::binary(BinaryOperator::And, all, conditions[i]);
  return all;
}

std::optional<Expression> substitute(const Expression& expression, const std::function<std::optional<Expression>(std::string_view)>& of) {
  if (const auto* column = std::get_if<Expression::Column>(&expression.kind())) return of(column->name);
  std::vector<Expression> inputs;
  for (const Expression& input : expression.inputs()) {
    const auto made = substitute(input, of);
    if (!made) return std::nullopt;
    inputs.push_back(*made);
  }
  return inputs.empty() ? expression : expression.with_inputs(std::move(inputs));
}

namespace {

/// The value of an expression of literals.
std::optional<Scalar> value_of(const Expression& expression) {
  const auto bound = BoundExpression::bind(expression, Schema());
  if (!bound) return std::nullopt;
  const auto value = bound->evaluate({.columns = {}, .rows = 1}, process_budget());
  if (!value || value->type().id() == TypeId::List || value->type().id() == TypeId::Categorical) return std::nullopt;
  const auto scalar = Scalar::at(*value, 0);
  return scalar ? std::optional(*scalar) : std::nullopt;
}

/// `and` and `or` with one side known, which leaves the other or says it all.
std::optional<Expression> shorter(BinaryOperator op, const Expression& side, const Expression& other) {
  const auto* literal = std::get_if<Expression::Literal>(&side.kind());
  if (literal == nullptr || literal->value.type().id() != TypeId::Bool || literal->value.is_null()) return std::nullopt;
  const bool decides = literal->value.as_bool() == (op == BinaryOperator::Or);
  return decides ? side : other;
}

}  // namespace

Expression folded(const Expression& expression) {
  std::vector<Expression> inputs;
  for (const Expression& input : expression.inputs()) inputs.push_back(folded(input));
  if (inputs.empty()) return expression;
  const auto is_literal = [](const Expression& input) { return std::holds_alternative<Expression::Literal>(input.kind()); };
  const auto* binary = std::get_if<Expression::Binary>(&expression.kind());
  if (binary != nullptr && (binary->op == BinaryOperator::And || binary->op == BinaryOperator::Or)) {
    if (auto made = shorter(binary->op, inputs[0], inputs[1])) return *made;
    if (auto made = shorter(binary->op, inputs[1], inputs[0])) return *made;
  }
  const bool all_literals = std::ranges::all_of(inputs, is_literal);
  const Expression made = expression.with_inputs(std::move(inputs));
  // What the binder leaves as it is would be typed otherwise as a literal.
  const auto* unary = std::get_if<Expression::Unary>(&made.kind());
  const bool folds = std::holds_alternative<Expression::Binary>(made.kind()) || std::holds_alternative<Expression::Cast>(made.kind()) ||
                     (unary != nullptr && unary->op != UnaryOperator::Negate);
  if (!folds || !all_literals) return made;
  const auto value = value_of(made);
  return value ? Expression::literal(*value) : made;
}

}  // namespace headrace::frame
