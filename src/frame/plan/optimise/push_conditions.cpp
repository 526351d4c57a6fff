#include <algorithm>
#include <utility>

#include "frame/column_function.h"
#include "frame/expressions/bound_expression.h"
#include "frame/operators/join_columns.h"
#include "frame/plan/optimise/passes.h"
#include "frame/plan/rewrite.h"
#include "frame/windows/over.h"

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
  if (std::holds_alternative<Expression::When>(expression.kind())) {
    return keeps_type(expression.inputs()[0]) || keeps_type(expression.inputs()[1]);
  }
  return has_column(expression);
}

bool can_fail(const Expression& expression, const Schema& schema) {
  const auto bound = BoundExpression::bind(expression, schema);
  return !bound || bound->can_fail();
}

/// Conditions that call nothing come before those that do, unless they can fail; those that are calculated of all rows are a step of
/// their own, behind the others.
PlanNodePointer filtered(PlanNodePointer node, Conditions conditions) {
  if (conditions.empty()) return node;
  Schema schema = node->schema;
  if (std::ranges::any_of(conditions, has_call)) {
    std::ranges::stable_partition(conditions, [&](const Expression& one) { return !has_call(one) && !can_fail(one, schema); });
    const auto costly = std::ranges::find_if(conditions, has_call_of_its_own);
    if (costly != conditions.begin() && costly != conditions.end()) {
      Conditions rest(costly, conditions.end());
      conditions.erase(costly, conditions.end());
      node = make_node(PlanNode::Filter{std::move(conditions)}, {std::move(node)}, schema);
      conditions = std::move(rest);
    }
  }
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
    const bool fits = !has_call(column) && steps_of(column) <= kMostSteps && keeps_type(column) && !can_fail(column, node.input().schema);
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

/// Whether a projection gives a row for each row, calls that answer when they will aside, and may be given fewer of them: no call of it
/// counts.
bool lets_through(const PlanNode::Project& project) {
  const auto is_of_others = [](const auto& self, const Expression& one) -> bool {
    const auto* call = std::get_if<Expression::Call>(&one.kind());
    const bool is_such = call != nullptr ? call->function->traits().is_volatile : is_of_context(one);
    return is_such || std::ranges::any_of(one.inputs(), [&](const Expression& input) { return self(self, input); });
  };
  return std::ranges::none_of(project.expressions, [&](const Expression& one) { return is_of_others(is_of_others, one); });
}

/// The condition as one on a side of the join, if it reads columns of that side alone.
std::optional<Expression> on_side(const PlanNode& node, const JoinColumns& columns, JoinColumn::From side, const Expression& condition) {
  const Schema& schema = node.inputs[side == JoinColumn::From::Left ? 0 : 1]->schema;
  return substitute(condition, [&](std::string_view name) -> std::optional<Expression> {
    const auto index = node.schema.index_of(name);
    if (!index || columns.columns[*index].from != side) return std::nullopt;
    return Expression::column(schema[columns.columns[*index].column].name);
  });
}

/// Conditions on one side leave out rows before they are looked up, but not of a side whose missing rows are nulls. What can fail does
/// not: a row may find nothing, and is never asked then.
PlanNodePointer pushed(const PlanNode& node, const PlanNode::Join& join, const Conditions& above) {
  using enum JoinKind;
  const auto columns = join_columns(node.inputs[0]->schema, node.inputs[1]->schema, join.left_on, join.right_on, join.options);
  const JoinKind kind = join.options.kind;
  const bool into_left = columns && kind != Right && kind != Full;
  const bool into_right = columns && (kind == Inner || kind == Right || kind == Cross);
  Conditions left, right, stay;
  for (const Expression& condition : above) {
    const bool fails = can_fail(condition, node.schema);
    const auto of_left = into_left && !fails ? on_side(node, *columns, JoinColumn::From::Left, condition) : std::nullopt;
    const auto of_right = into_right && !fails ? on_side(node, *columns, JoinColumn::From::Right, condition) : std::nullopt;
    (of_left ? left : of_right ? right : stay).push_back(of_left ? *of_left : of_right ? *of_right : condition);
  }
  return filtered(with_inputs(node, {pushed(node.inputs[0], std::move(left)), pushed(node.inputs[1], std::move(right))}), std::move(stay));
}

/// Conditions on keys leave out rows before they are grouped.
PlanNodePointer pushed(const PlanNode& node, const PlanNode::GroupBy& group_by, const Conditions& above) {
  Conditions through, stay;
  for (const Expression& condition : above) {
    const auto moved = substitute(condition, [&](std::string_view name) -> std::optional<Expression> {
      const auto index = node.schema.index_of(name);
      // Floats that are one key may differ: 0.0 and -0.0.
      if (!index || *index >= group_by.keys.size() || node.schema[*index].type.is_float()) return std::nullopt;
      const Expression& key = without_alias(group_by.keys[*index]);
      return std::holds_alternative<Expression::Column>(key.kind()) ? std::optional(key) : std::nullopt;
    });
    const bool goes = moved && has_column(*moved) && !can_fail(condition, node.schema);
    (goes ? through : stay).push_back(goes ? *moved : condition);
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

template <class Scan>
PlanNodePointer with_conditions(const PlanNode& node, Scan scan, const Conditions& above) {
  scan.conditions.insert(scan.conditions.end(), above.begin(), above.end());
  return make_node(std::move(scan), {}, node.schema);
}

PlanNodePointer pushed(const PlanNodePointer& node, Conditions above) {
  if (std::ranges::any_of(above, is_never)) return no_rows(node->schema);
  std::erase_if(above, is_literal);
  if (const auto* project = std::get_if<PlanNode::Project>(&node->kind); project != nullptr && lets_through(*project)) {
    return pushed(*node, *project, above);
  }
  if (is_of_all_rows(*node)) return filtered(below(*node), std::move(above));
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node->kind)) {
    Conditions all;
    for (const Expression& condition : filter->conditions) split(condition, all);
    all.insert(all.end(), above.begin(), above.end());
    return pushed(node->inputs[0], std::move(all));
  }
  if (std::holds_alternative<PlanNode::Project>(node->kind)) return filtered(below(*node), std::move(above));
  if (const auto* group_by = std::get_if<PlanNode::GroupBy>(&node->kind)) return pushed(*node, *group_by, above);
  if (const auto* join = std::get_if<PlanNode::Join>(&node->kind)) return pushed(*node, *join, above);
  const auto* sort = std::get_if<PlanNode::Sort>(&node->kind);
  if (sort != nullptr && sort->limit == UINT64_MAX) return with_inputs(*node, {pushed(node->inputs[0], std::move(above))});
  if (std::holds_alternative<PlanNode::AnyOrder>(node->kind)) return with_inputs(*node, {pushed(node->inputs[0], std::move(above))});
  if (std::holds_alternative<PlanNode::Concat>(node->kind)) {
    std::vector<PlanNodePointer> inputs;
    for (const PlanNodePointer& input : node->inputs) inputs.push_back(pushed(input, above));
    return with_inputs(*node, std::move(inputs));
  }
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&node->kind)) return with_conditions(*node, *scan, above);
  if (const auto* scan = std::get_if<PlanNode::ScanCsv>(&node->kind)) return with_conditions(*node, *scan, above);
  return filtered(below(*node), std::move(above));
}

}  // namespace

PlanNodePointer push_conditions(const PlanNodePointer& node) { return pushed(node, {}); }

}  // namespace headrace::frame
