#include <set>
#include <utility>

#include "frame/plan/optimise/passes.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

using Names = std::set<std::string, std::less<>>;

Names names_of(const Schema& schema) {
  Names names;
  for (const Field& field : schema.fields()) names.insert(field.name);
  return names;
}

/// Fields of these names, in the schema's order.
Schema only(const Schema& schema, const Names& names) {
  std::vector<Field> fields;
  for (const Field& field : schema.fields()) {
    if (names.contains(field.name)) fields.push_back(field);
  }
  return *Schema::make(std::move(fields));
}

/// Whether a projection gives its input as it is.
bool is_nothing(const std::vector<Expression>& expressions, const Schema& schema, const Schema& input) {
  if (!(schema == input)) return false;
  for (size_t i = 0; i < expressions.size(); ++i) {
    const auto* column = std::get_if<Expression::Column>(&without_alias(expressions[i]).kind());
    if (column == nullptr || column->name != input[i].name) return false;
  }
  return true;
}

/// The node with the columns that are needed, and no others.
PlanNodePointer narrowed(const PlanNodePointer& node, const Names& needed);

PlanNodePointer narrowed(const PlanNode& node, const PlanNode::Project& project, const Names& needed) {
  std::vector<Expression> expressions;
  Names read;
  for (size_t i = 0; i < project.expressions.size(); ++i) {
    if (!needed.contains(node.schema[i].name)) continue;
    expressions.push_back(project.expressions[i]);
    add_columns(expressions.back(), read);
  }
  PlanNodePointer input = narrowed(node.inputs[0], read);
  Schema schema = only(node.schema, needed);
  if (is_nothing(expressions, schema, input->schema)) return input;
  return make_node(PlanNode::Project{std::move(expressions)}, {std::move(input)}, std::move(schema));
}

PlanNodePointer narrowed(const PlanNodePointer& node, const Names& needed) {
  Schema schema = only(node->schema, needed);
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&node->kind)) {
    std::vector<std::string> names;
    for (const Field& field : schema.fields()) names.push_back(field.name);
    return make_node(PlanNode::ScanFrame{*scan->frame.select(names)}, {}, std::move(schema));
  }
  if (std::holds_alternative<PlanNode::ScanParquet>(node->kind)) return make_node(node->kind, {}, std::move(schema));
  if (const auto* project = std::get_if<PlanNode::Project>(&node->kind)) return narrowed(*node, *project, needed);
  Names below = needed;
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node->kind)) {
    for (const Expression& condition : filter->conditions) add_columns(condition, below);
  }
  if (std::holds_alternative<PlanNode::RowIndex>(node->kind)) {
    // Numbers that nobody reads are not counted.
    if (!needed.contains(node->schema[0].name)) return narrowed(node->inputs[0], needed);
    below.erase(node->schema[0].name);
  }
  std::vector<PlanNodePointer> inputs;
  for (const PlanNodePointer& input : node->inputs) inputs.push_back(narrowed(input, below));
  return make_node(node->kind, std::move(inputs), std::move(schema));
}

}  // namespace

PlanNodePointer push_columns(const PlanNodePointer& node) { return narrowed(node, names_of(node->schema)); }

}  // namespace headrace::frame
