#include "frame/executor/scan_filters.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

struct Origin {
  const PlanNode* scan;
  std::string column;
};

/// An error of a row must not depend on whether a filter lets it pass.
bool cannot_fail(const std::vector<Expression>& expressions, const Schema& schema) {
  return std::ranges::none_of(expressions, [&](const Expression& expression) {
    const auto bound = BoundExpression::bind(expression, schema);
    return !bound || bound->can_fail();
  });
}

const Expression::Column* bare_column(const Expression& expression) {
  return std::get_if<Expression::Column>(&without_alias(expression).kind());
}

bool keeps_left_rows(const JoinOptions& options) {
  using enum JoinKind;
  const bool is_of_left = options.kind == Inner || options.kind == Left || options.kind == Semi || options.kind == Anti;
  const bool looks_at_left = options.validation == JoinValidation::OneToMany || options.validation == JoinValidation::OneToOne;
  return is_of_left && !looks_at_left && !options.condition;
}

/// Where a column of a step's rows is read as it is.
std::optional<Origin> origin_of(const PlanNode& node, const std::string& name) {
  if (is_of_all_rows(node)) return std::nullopt;
  if (std::holds_alternative<PlanNode::ScanParquet>(node.kind)) {
    return node.schema.index_of(name) ? std::optional(Origin{&node, name}) : std::nullopt;
  }
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node.kind)) {
    return cannot_fail(filter->conditions, node.input().schema) ? origin_of(node.input(), name) : std::nullopt;
  }
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) {
    const auto index = node.schema.index_of(name);
    if (!index || !cannot_fail(project->expressions, node.input().schema)) return std::nullopt;
    const auto* column = bare_column(project->expressions[*index]);
    return column == nullptr ? std::nullopt : origin_of(node.input(), column->name);
  }
  if (const auto* join = std::get_if<PlanNode::Join>(&node.kind)) {
    // Names of the left side stay, those of the right are changed where they would stand twice.
    const bool is_left = node.input().schema.index_of(name).has_value();
    return is_left && keeps_left_rows(join->options) ? origin_of(node.input(), name) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::vector<ScanFilter> scan_filters(const PlanNode& node, const PlanNode::Join& join, Join& made) {
  std::vector<ScanFilter> filters;
  const bool drops = join.options.kind == JoinKind::Inner || join.options.kind == JoinKind::Semi;
  for (size_t key = 0; drops && key < join.left_on.size(); ++key) {
    const auto* column = bare_column(join.left_on[key]);
    const auto origin = column == nullptr ? std::nullopt : origin_of(node.input(), column->name);
    if (!origin) continue;
    auto filter = std::make_shared<KeyFilter>();
    made.fill(key, filter);
    filters.push_back({origin->scan, origin->column, made.key_type(key), std::move(filter)});
  }
  return filters;
}

}  // namespace headrace::frame
