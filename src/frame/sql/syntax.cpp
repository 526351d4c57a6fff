#include <algorithm>
#include <cctype>

#include "frame/plan/rewrite.h"
#include "frame/sql/functions.h"
#include "frame/sql/planner.h"

namespace headrace::frame::sql {

namespace {

/// Whether it holds for a part of the node right below it.
template <class Test>
bool any_part(const Node& node, Test test) {
  const auto holds = [&](const NodePointer& part) { return test(*part); };
  if (std::ranges::any_of(node.inputs, holds)) return true;
  if (!node.over) return false;
  return std::ranges::any_of(node.over->partition_by, holds) ||
         std::ranges::any_of(node.over->order_by, [&](const OrderItem& item) { return test(*item.key); });
}

}  // namespace

bool has_aggregate_call(const Node& node) {
  return (node.kind == Node::Kind::Call && !node.over && is_aggregate(node.text)) || any_part(node, has_aggregate_call);
}

bool has_subquery(const Node& node) { return node.query || any_part(node, has_subquery); }

bool has_window_call(const Node& node) { return node.over || any_part(node, has_window_call); }

void split_conjunction(const NodePointer& node, std::vector<NodePointer>& parts) {
  if (node->kind != Node::Kind::And) return parts.push_back(node);
  for (const NodePointer& input : node->inputs) split_conjunction(input, parts);
}

namespace {

/// An expression as DuckDB writes it in names.
std::string text_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Name: return node.names.back();
    case Node::Kind::Number:
    case Node::Kind::Bool: return node.text;
    case Node::Kind::String: return "'" + node.text + "'";
    case Node::Kind::Null: return "NULL";
    case Node::Kind::Star: return "*";
    case Node::Kind::Unary: return node.text == "not" ? "(NOT " + text_of(*node.inputs[0]) + ")" : node.text + text_of(*node.inputs[0]);
    case Node::Kind::Binary: return "(" + text_of(*node.inputs[0]) + " " + node.text + " " + text_of(*node.inputs[1]) + ")";
    case Node::Kind::Call: {
      if (node.text == "count" && (node.inputs.empty() || node.inputs[0]->kind == Node::Kind::Star)) return "count_star()";
      std::string inputs;
      for (const NodePointer& input : node.inputs) inputs += (inputs.empty() ? "" : ", ") + text_of(*input);
      return node.text + "(" + (node.flag ? "DISTINCT " : "") + inputs + ")";
    }
    default: return "expression";
  }
}

}  // namespace

std::string name_of(const Node& node) { return text_of(node); }

bool same_name(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

namespace {

void split_disjunction(const Expression& condition, std::vector<Expression>& parts) {
  const Expression& bare = without_alias(condition);
  const auto* binary = std::get_if<Expression::Binary>(&bare.kind());
  if (binary == nullptr || binary->op != BinaryOperator::Or) return parts.push_back(bare);
  for (const Expression& side : bare.inputs()) split_disjunction(side, parts);
}

bool contains(const std::vector<Expression>& parts, const Expression& part) { return std::ranges::find(parts, part) != parts.end(); }

Expression any_of(const std::vector<Expression>& parts) {
  Expression any = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) any = Expression::binary(BinaryOperator::Or, any, parts[i]);
  return any;
}

}  // namespace

std::vector<Expression> factored(const Expression& condition) {
  std::vector<Expression> all, parts;
  split(condition, all);
  for (const Expression& part : all) {
    std::vector<Expression> sides;
    split_disjunction(part, sides);
    if (sides.size() == 1) {
      parts.push_back(part);
      continue;
    }
    std::vector<std::vector<Expression>> demands(sides.size());
    for (size_t i = 0; i < sides.size(); ++i) split(sides[i], demands[i]);
    std::vector<Expression> common;
    for (const Expression& demand : demands.front()) {
      if (std::ranges::all_of(demands, [&](const auto& each) { return contains(each, demand); })) common.push_back(demand);
    }
    parts.insert(parts.end(), common.begin(), common.end());
    std::vector<Expression> rest;
    bool says_all = false;
    for (auto& each : demands) {
      std::erase_if(each, [&](const Expression& demand) { return contains(common, demand); });
      says_all = says_all || each.empty();
      if (!each.empty()) rest.push_back(frame::all_of(each));
    }
    // A side that demands nothing more makes the rest true.
    if (!says_all) parts.push_back(any_of(rest));
  }
  return parts;
}

}  // namespace headrace::frame::sql
