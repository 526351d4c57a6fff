#include <set>
#include <utility>

#include "frame/operators/join_columns.h"
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

/// The node, and above it, if it has other columns, the choice of those that are needed.
PlanNodePointer chosen(PlanNodePointer node, const Schema& wanted) {
  if (node->schema == wanted) return node;
  std::vector<Expression> columns;
  for (const Field& field : wanted.fields()) columns.push_back(Expression::column(field.name));
  return make_node(PlanNode::Project{std::move(columns)}, {std::move(node)}, wanted);
}

/// What a join's condition reads of both sides: the right one's columns have the suffix where the left one has their names.
void add_read(const Expression& condition, const Schema& left, const Schema& right, Names& of_left, Names& of_right) {
  Names read;
  add_columns(condition, read);
  for (const std::string& name : read) {
    if (left.index_of(name)) {
      of_left.insert(name);
    } else if (right.index_of(name)) {
      of_right.insert(name);
    } else {
      of_left = names_of(left);
      of_right = names_of(right);
      return;
    }
  }
}

PlanNodePointer narrowed(const PlanNode& node, const PlanNode::Join& join, const Names& needed) {
  const Schema &left = node.inputs[0]->schema, &right = node.inputs[1]->schema;
  const auto columns = join_columns(left, right, join.left_on, join.right_on, join.options);
  if (!columns) return with_inputs(node, {narrowed(node.inputs[0], names_of(left)), narrowed(node.inputs[1], names_of(right))});
  Names of_left, of_right;
  if (join.options.condition) add_read(*join.options.condition, left, right, of_left, of_right);
  for (const Expression& key : join.left_on) add_columns(key, of_left);
  for (const Expression& key : join.right_on) add_columns(key, of_right);
  for (size_t i = 0; i < node.schema.size(); ++i) {
    const std::string& name = node.schema[i].name;
    if (!needed.contains(name)) continue;
    const JoinColumn& from = columns->columns[i];
    if (from.from != JoinColumn::From::Right) {
      of_left.insert(left[from.column].name);
      continue;
    }
    const std::string& own = right[from.column].name;
    of_right.insert(own);
    // It has its name from the left column that has the same.
    if (own != name) of_left.insert(own);
  }
  PlanNodePointer narrow_left = narrowed(node.inputs[0], of_left), narrow_right = narrowed(node.inputs[1], of_right);
  Schema schema = join_columns(narrow_left->schema, narrow_right->schema, join.left_on, join.right_on, join.options)->schema;
  return chosen(make_node(join, {std::move(narrow_left), std::move(narrow_right)}, std::move(schema)), only(node.schema, needed));
}

PlanNodePointer narrowed(const PlanNode& node, const PlanNode::Sort& sort, const Names& needed) {
  Names below = needed;
  for (const SortBy& by : sort.by) add_columns(by.expression, below);
  PlanNodePointer input = narrowed(node.inputs[0], below);
  Schema schema = input->schema;
  return chosen(make_node(sort, {std::move(input)}, std::move(schema)), only(node.schema, needed));
}

PlanNodePointer narrowed(const PlanNode& node, const PlanNode::GroupBy& group_by, const Names& needed) {
  PlanNode::GroupBy made{group_by.keys, {}};
  Names read, given = needed;
  for (size_t i = 0; i < group_by.keys.size(); ++i) {
    add_columns(group_by.keys[i], read);
    given.insert(node.schema[i].name);
  }
  for (size_t i = 0; i < group_by.expressions.size(); ++i) {
    if (!needed.contains(node.schema[group_by.keys.size() + i].name)) continue;
    made.expressions.push_back(group_by.expressions[i]);
    add_columns(made.expressions.back(), read);
  }
  Schema schema = only(node.schema, given);
  return chosen(make_node(std::move(made), {narrowed(node.inputs[0], read)}, std::move(schema)), only(node.schema, needed));
}

PlanNodePointer narrowed(const PlanNode& node, const PlanNode::Unique& unique, const Names& needed) {
  Names below = needed;
  below.insert(unique.subset.begin(), unique.subset.end());
  PlanNodePointer input = narrowed(node.inputs[0], below);
  Schema schema = input->schema;
  return chosen(make_node(unique, {std::move(input)}, std::move(schema)), only(node.schema, needed));
}

/// All of a projection whose rows' number aggregates alone would not have.
PlanNodePointer narrowed_whole(const PlanNode& node, const PlanNode::Project& project, const Names& needed) {
  Names read;
  for (const Expression& expression : project.expressions) add_columns(expression, read);
  return chosen(with_inputs(node, {narrowed(node.inputs[0], read)}), only(node.schema, needed));
}

PlanNodePointer narrowed(const PlanNodePointer& node, const Names& needed) {
  if (const auto* group_by = std::get_if<PlanNode::GroupBy>(&node->kind)) return narrowed(*node, *group_by, needed);
  if (const auto* unique = std::get_if<PlanNode::Unique>(&node->kind)) return narrowed(*node, *unique, needed);
  if (const auto* join = std::get_if<PlanNode::Join>(&node->kind)) return narrowed(*node, *join, needed);
  if (const auto* sort = std::get_if<PlanNode::Sort>(&node->kind)) return narrowed(*node, *sort, needed);
  Schema schema = only(node->schema, needed);
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&node->kind)) {
    std::vector<std::string> names;
    for (const Field& field : schema.fields()) names.push_back(field.name);
    return make_node(PlanNode::ScanFrame{*scan->frame.select(names)}, {}, std::move(schema));
  }
  if (std::holds_alternative<PlanNode::ScanCsv>(node->kind)) return make_node(node->kind, {}, std::move(schema));
  if (std::holds_alternative<PlanNode::ScanParquet>(node->kind)) return make_node(node->kind, {}, std::move(schema));
  const auto* project = std::get_if<PlanNode::Project>(&node->kind);
  if (project != nullptr) return is_of_all_rows(*node) ? narrowed_whole(*node, *project, needed) : narrowed(*node, *project, needed);
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
