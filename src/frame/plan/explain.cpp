#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frame/csv/layout.h"
#include "frame/plan.h"
#include "frame/plan/node.h"

namespace headrace::frame {
namespace {

/// Long lists are cut.
std::string list_of(const std::vector<std::string>& items) {
  constexpr size_t kShown = 12;
  const std::vector<std::string> shown(items.begin(), items.begin() + static_cast<ptrdiff_t>(std::min(kShown, items.size())));
  const size_t left = items.size() - shown.size();
  return fmt::format("{}{}", fmt::join(shown, ", "), left > 0 ? fmt::format(" and {} more", left) : "");
}

std::vector<std::string> names_of(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields()) names.push_back(field.name);
  return names;
}

std::string text_of(const std::vector<Expression>& conditions) {
  std::vector<std::string> parts;
  for (const Expression& condition : conditions) parts.push_back(to_string(condition));
  return fmt::format("{}", fmt::join(parts, " & "));
}

/// An expression under its column's name.
std::string named(const Expression& expression, const std::string& name) {
  return expression.name() == name ? to_string(expression) : fmt::format("{}.alias({:?})", to_string(expression), name);
}

bool is_column(const Expression& expression, const std::string& name) {
  const auto* column = std::get_if<Expression::Column>(&expression.kind());
  return column != nullptr && column->name == name;
}

/// Whether the input's columns all stay where they are, calculated anew perhaps.
bool keeps_columns(const PlanNode& node) {
  const Schema& input = node.input().schema;
  if (input.size() == 0 || node.schema.size() < input.size()) return false;
  for (size_t i = 0; i < input.size(); ++i) {
    if (node.schema[i].name != input[i].name) return false;
  }
  return true;
}

std::string text_of(const PlanNode& node, const PlanNode::Project& project) {
  const bool adds = keeps_columns(node);
  std::vector<std::string> parts;
  for (size_t i = 0; i < project.expressions.size(); ++i) {
    const std::string& name = node.schema[i].name;
    if (!adds || !is_column(project.expressions[i], name)) parts.push_back(named(project.expressions[i], name));
  }
  return fmt::format("{} [{}]", adds ? "WITH_COLUMNS" : "SELECT", list_of(parts));
}

/// What a scan of files is, without their format.
template <class Scan>
std::string text_of(const PlanNode& node, const Scan& scan, const std::string& first, size_t files, size_t columns) {
  const std::string more = files > 1 ? fmt::format(" and {} more files", files - 1) : "";
  std::string text = fmt::format("{}{}, {} of {} columns: {}", first, more, node.schema.size(), columns, list_of(names_of(node.schema)));
  if (scan.offset != 0) text += fmt::format(", from row {}", scan.offset);
  if (scan.size != UINT64_MAX) text += fmt::format(", {} rows", scan.size);
  if (!scan.conditions.empty()) text += fmt::format(", where {}", text_of(scan.conditions));
  return text;
}

std::string text_of(const PlanNode& node, const PlanNode::ScanParquet& scan) {
  return "SCAN PARQUET " + text_of(node, scan, scan.files->front().string(), scan.files->size(),
                                   scan.columns.size() + (scan.by_file ? scan.by_file->schema.size() : 0));
}

std::string text_of(const PlanNode& node, const PlanNode::ScanCsv& scan) {
  const auto* path = std::get_if<std::filesystem::path>(&scan.inputs->front());
  return "SCAN CSV " + text_of(node, scan, path != nullptr ? path->string() : "in memory", scan.inputs->size(), scan.layout->schema.size());
}

std::string text_of(const PlanNode::Sort& sort) {
  std::vector<std::string> keys;
  for (const SortBy& by : sort.by) {
    keys.push_back(fmt::format("{}{}{}", to_string(by.expression), by.descending ? " descending" : "", by.nulls_last ? " nulls last" : ""));
  }
  return fmt::format("SORT by {}{}", list_of(keys), sort.limit == UINT64_MAX ? "" : fmt::format(", first {} rows", sort.limit));
}

std::string text_of(const PlanNode::Join& join) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < join.left_on.size(); ++i) {
    keys.push_back(fmt::format("{} = {}", to_string(join.left_on[i]), to_string(join.right_on[i])));
  }
  return fmt::format("JOIN {}{}", name(join.options.kind), keys.empty() ? "" : fmt::format(" on {}", list_of(keys)));
}

std::string text_of(const PlanNode::GroupBy& group_by) {
  std::vector<std::string> keys, expressions;
  for (const Expression& key : group_by.keys) keys.push_back(to_string(key));
  for (const Expression& expression : group_by.expressions) expressions.push_back(to_string(expression));
  return fmt::format("{} [{}]", keys.empty() ? "AGGREGATE" : fmt::format("GROUP BY {}", list_of(keys)), list_of(expressions));
}

void add_lines(const PlanNode& node, size_t depth, std::string& out) {
  out += fmt::format("{:{}}{}\n", "", depth * 2, to_string(node));
  for (const PlanNodePointer& input : node.inputs) add_lines(*input, depth + 1, out);
}

}  // namespace

std::string to_string(const PlanNode& node) {
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&node.kind)) {
    return fmt::format("SCAN FRAME {} rows, {} columns: {}", scan->frame.height(), node.schema.size(), list_of(names_of(node.schema)));
  }
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&node.kind)) return text_of(node, *scan);
  if (const auto* scan = std::get_if<PlanNode::ScanCsv>(&node.kind)) return text_of(node, *scan);
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node.kind)) return fmt::format("FILTER {}", text_of(filter->conditions));
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) return text_of(node, *project);
  if (const auto* slice = std::get_if<PlanNode::Slice>(&node.kind)) {
    return fmt::format("SLICE from row {}, {} rows", slice->offset, slice->size == UINT64_MAX ? "all" : fmt::format("{}", slice->size));
  }
  if (const auto* index = std::get_if<PlanNode::RowIndex>(&node.kind)) {
    return fmt::format("ROW INDEX {:?} from {}", node.schema[0].name, index->offset);
  }
  if (const auto* sort = std::get_if<PlanNode::Sort>(&node.kind)) return text_of(*sort);
  if (const auto* join = std::get_if<PlanNode::Join>(&node.kind)) return text_of(*join);
  if (const auto* group_by = std::get_if<PlanNode::GroupBy>(&node.kind)) return text_of(*group_by);
  if (const auto* unique = std::get_if<PlanNode::Unique>(&node.kind)) return fmt::format("UNIQUE by {}", list_of(unique->subset));
  if (std::holds_alternative<PlanNode::AnyOrder>(node.kind)) return "IN ANY ORDER";
  return fmt::format("CONCAT {} inputs", node.inputs.size());
}

std::string Plan::explain() const {
  std::string text;
  add_lines(*node_, 0, text);
  text.pop_back();
  return text;
}

}  // namespace headrace::frame
