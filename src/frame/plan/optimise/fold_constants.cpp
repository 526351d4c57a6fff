#include <utility>

#include "frame/expressions/bound_expression.h"
#include "frame/plan/optimise/passes.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

/// The expression folded, unless it would then be of another type.
Expression folded_as(const Expression& expression, const DataType& type, const Schema& input) {
  const Expression made = folded(expression);
  const auto bound = BoundExpression::bind(made, input);
  return bound && bound->type() == type ? made : expression;
}

}  // namespace

PlanNodePointer fold_constants(const PlanNodePointer& node) {
  std::vector<PlanNodePointer> inputs;
  for (const PlanNodePointer& input : node->inputs) inputs.push_back(fold_constants(input));
  if (is_of_all_rows(*node)) return with_inputs(*node, std::move(inputs));
  if (const auto* project = std::get_if<PlanNode::Project>(&node->kind)) {
    PlanNode::Project made;
    for (size_t i = 0; i < project->expressions.size(); ++i) {
      made.expressions.push_back(folded_as(project->expressions[i], node->schema[i].type, node->input().schema));
    }
    return make_node(std::move(made), std::move(inputs), node->schema);
  }
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node->kind)) {
    PlanNode::Filter made;
    for (const Expression& condition : filter->conditions) made.conditions.push_back(folded(condition));
    return make_node(std::move(made), std::move(inputs), node->schema);
  }
  return inputs.empty() ? node : with_inputs(*node, std::move(inputs));
}

}  // namespace headrace::frame
