#include <algorithm>
#include <utility>

#include "frame/expressions/bound_expression.h"
#include "frame/plan/optimise/passes.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

using Conditions = std::vector<Expression>;

/// An expression that is calculated once for a condition and once more for its column is to be a short one.
constexpr size_t kMostSteps = 16;

size_t steps_of(const Expression& expression) {
  size_t steps = 1;
  for (const Expression& input : expression.inputs()) steps += steps_of(input);
  return steps;
}

/// Whether it has the type that it has everywhere: literals, and what chooses among literals, take that of what they stand beside.
bool keeps_type(const Expression& expression) {
  if (std::holds_alternative<Expression::Literal>(expression.kind())) return false;
  if (std::holds_alternative<Expression::Alias>(expression.kind())) return keeps_type(expression.inputs()[0]);
  if (std::holds_alternative<Expression::When>(expression.kind())) return keeps_type(expression.inputs()[0]) || keeps_type(expression.inputs()[1]);
  return has_column(expression);
}

bool can_fail(const Expression& expression, const Schema& schema) {
  const auto bound = BoundExpression::bind(expression, schema);
  return !bound || bound->can_fail();
}

PlanNodePointer filtered(PlanNodePointer node, Conditions conditions) {
  if (conditions.empty()) return node;
  Schema schema = node->schema;
  return make_node(PlanNode::Filter{std::move(conditions)}, {std::move(node)}, std::move(schema));
}

PlanNodePointer pushed(const PlanNodePointer& node, Conditions above);

PlanNodePointer below(const PlanNode& node) {
  std::vector<PlanNodePointer> inputs;
  for (const PlanNodePointer& input : node.inputs) inputs.push_back(pushed(input, {}));
  return with_inputs(node, std::move(inputs));
}

/// The condition as one on the projection's input.
std::optional<Expression> before(const PlanNode& node, const PlanNode::Project& project, const Expression& condition) {
  return substitute(condition, [&](std::string_view name) -> std::optional<Expression> {
    const auto index = node.schema.index_of(name);
    if (!index) return std::nullopt;
    const Expression& column = without_alias(project.expressions[*index]);
    const bool fits = steps_of(column) <= kMostSteps && keeps_type(column) && !can_fail(column, node.input().schema);
    return fits ? std::optional(column) : std::nullopt;
  });
}

PlanNodePointer pushed(const PlanNode& node, const PlanNode::Project& project, const Conditions& above) {
  Conditions through, stay;
  for (const Expression& condition : above) {
    auto moved = before(node, project, condition);
    // What can fail waits for those that stood before it.
    if (moved && (stay.empty() || !can_fail(condition, node.schema))) {
      through.push_back(*std::move(moved));
    } else {
      stay.push_back(condition);
    }
  }
  return filtered(with_inputs(node, {pushed(node.inputs[0], std::move(through))}), std::move(stay));
}

/// Whether no row fulfils it, whatever the row.
bool is_never(const Expression& condition) {
  const auto* literal = std::get_if<Expression::Literal>(&condition.kind());
  return literal != nullptr && (literal->value.is_null() || !literal->value.as_bool());
}

bool is_literal(const Expression& condition) { return std::holds_alternative<Expression::Literal>(condition.kind()); }

PlanNodePointer no_rows(const Schema& schema) {
  std::vector<Column> columns;
  for (const Field& field : schema.fields()) columns.push_back(*Column::make(field.type, {}));
  return Plan::scan(*DataFrame::make(schema, std::move(columns), 0)).node();
}

PlanNodePointer pushed(const PlanNodePointer& node, Conditions above) {
  if (std::ranges::any_of(above, is_never)) return no_rows(node->schema);
  std::erase_if(above, is_literal);
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node->kind)) {
    Conditions all;
    for (const Expression& condition : filter->conditions) split(condition, all);
    all.insert(all.end(), above.begin(), above.end());
    return pushed(node->inputs[0], std::move(all));
  }
  if (const auto* project = std::get_if<PlanNode::Project>(&node->kind)) return pushed(*node, *project, above);
  if (std::holds_alternative<PlanNode::Concat>(node->kind)) {
    std::vector<PlanNodePointer> inputs;
    for (const PlanNodePointer& input : node->inputs) inputs.push_back(pushed(input, above));
    return with_inputs(*node, std::move(inputs));
  }
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&node->kind)) {
    PlanNode::ScanParquet made = *scan;
    made.conditions.insert(made.conditions.end(), above.begin(), above.end());
    return make_node(std::move(made), {}, node->schema);
  }
  return filtered(below(*node), std::move(above));
}

}  // namespace

PlanNodePointer push_conditions(const PlanNodePointer& node) { return pushed(node, {}); }

}  // namespace headrace::frame
