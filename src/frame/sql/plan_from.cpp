#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "frame/parquet/open_file.h"
#include "frame/plan/node.h"
#include "frame/plan/rewrite.h"
#include "frame/sql/planner.h"

namespace headrace::frame::sql {
namespace {

/// Of so many files it is asked which columns have no nulls.
constexpr size_t kMostFooters = 8;

/// The columns of a scan of which every row of every file has a value, by the footers' counts.
std::set<std::string> full_columns(const PlanNode::ScanParquet& scan) {
  std::set<std::string> names;
  if (scan.files->size() > kMostFooters) return names;
  for (const Field& field : scan.columns.fields()) names.insert(field.name);
  for (const auto& path : *scan.files) {
    const auto file = parquet::OpenFile::open(path, process_budget(), false);
    if (!file) return {};
    std::erase_if(names, [&](const std::string& name) {
      const auto index = (*file)->schema().index_of(name);
      if (!index || !(*file)->leaf(*index).lists.empty()) return true;
      return std::ranges::any_of((*file)->metadata().row_groups, [&](const parquet::RowGroup& group) {
        return group.columns[(*file)->leaf(*index).chunk].statistics.nulls != 0;
      });
    });
  }
  return names;
}

/// Which columns are known to have no nulls: of rows that are stored, or whose footers say so.
std::set<std::string> columns_without_nulls(const Plan& plan) {
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&plan.node()->kind)) return full_columns(*scan);
  std::set<std::string> names;
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&plan.node()->kind)) {
    for (size_t i = 0; i < plan.schema().size(); ++i) {
      if (scan->frame.columns()[i].nulls() == 0) names.insert(plan.schema()[i].name);
    }
  }
  return names;
}

bool is_local(const Expression& expression, const Relation& relation) {
  std::set<std::string, std::less<>> names;
  add_columns(expression, names);
  return std::ranges::all_of(names, [&](const std::string& name) { return relation.plan.schema().index_of(name).has_value(); });
}

}  // namespace

Result<Relation> Planner::from(const TableNode& table, const Context& around) {
  if (table.kind == TableNode::Kind::Join) return joined(table, around);
  if (table.kind == TableNode::Kind::Name) return named_table(table);
  HR_TRY(const Output output, query(*table.query, Context{.outer = around.outer}));
  HR_TRY(Relation relation, relation_of(output, table.alias, false));
  HR_CHECK(rename_columns(table, relation));
  return relation;
}

Result<void> Planner::rename_columns(const TableNode& table, Relation& relation) {
  if (table.columns.size() > relation.columns.size()) {
    return source_.fail(ErrorKind::InvalidArgument, table.at,
                        fmt::format("{} names are given to {} columns.", table.columns.size(), relation.columns.size()));
  }
  for (size_t i = 0; i < table.columns.size(); ++i) relation.columns[i].name = table.columns[i];
  return {};
}

/// `anew`: with ids of its own, since the plan stands in the query already.
Result<Relation> Planner::relation_of(const Output& output, const std::string& alias, bool anew) {
  Relation relation{output.plan, {}};
  std::vector<Expression> columns;
  for (const Output::Column& column : output.columns) {
    ScopeColumn made{.table = alias, .name = column.name, .id = column.id, .nullable = column.nullable};
    if (anew) {
      made.id = new_id(column.id);
      columns.push_back(Expression::column(column.id).alias(made.id));
    }
    relation.columns.push_back(std::move(made));
  }
  if (!anew) return relation;
  HR_TRY(relation.plan, output.plan.select(columns));
  learn(relation.plan);
  return relation;
}

/// A plan from outside, under ids that nothing else in the query has.
Result<Relation> Planner::scanned(const Plan& plan, const std::string& alias) {
  Relation relation{plan, {}};
  std::vector<Expression> columns;
  bool renames = false;
  const std::set<std::string> full = columns_without_nulls(plan);
  for (size_t i = 0; i < plan.schema().size(); ++i) {
    const std::string& name = plan.schema()[i].name;
    const std::string id = new_id(name);
    renames = renames || id != name;
    columns.push_back(id == name ? Expression::column(name) : Expression::column(name).alias(id));
    relation.columns.push_back({.table = alias, .name = name, .id = id, .nullable = !full.contains(name)});
  }
  if (renames) {
    HR_TRY(relation.plan, plan.select(columns));
  }
  learn(relation.plan);
  return relation;
}

Result<Relation> Planner::named_table(const TableNode& table) {
  const std::string alias = !table.alias.empty() ? table.alias : table.is_file ? std::filesystem::path(table.name).stem().string()
      : table.name;
  std::optional<Relation> relation;
  for (const Named* each = named_; each != nullptr && !table.is_file && !relation; each = each->outer) {
    if (!same_name(each->table->name, table.name)) continue;
    const bool again = each->planned.has_value();
    if (!again) {
      // It sees what was named before it, and nothing of the query that reads it.
      const Named* const before = std::exchange(named_, each->outer);
      auto planned = query(*each->table->query, Context());
      named_ = before;
      if (!planned) return std::unexpected(std::move(planned).error());
      each->planned = *std::move(planned);
      for (size_t i = 0; i < std::min(each->table->columns.size(), each->planned->columns.size()); ++i) {
        each->planned->columns[i].name = each->table->columns[i];
      }
    }
    HR_TRY(relation, relation_of(*each->planned, alias, true));
  }
  const auto found = std::ranges::find_if(tables_, [&](const auto& each) { return same_name(each.first, table.name); });
  if (!relation && !table.is_file && found != tables_.end()) {
    HR_TRY(relation, scanned(found->second, alias));
  }
  if (!relation && (table.is_file || table.name.find('.') != std::string::npos || table.name.find('/') != std::string::npos)) {
    auto scan = scans_.find(table.name);
    if (scan == scans_.end()) {
      const std::filesystem::path path[] = {table.name};
      auto plan = scan_files(path);
      if (!plan) return source_.fail(table.at, plan.error());
      scan = scans_.emplace(table.name, *std::move(plan)).first;
    }
    HR_TRY(relation, scanned(scan->second, alias));
  }
  if (!relation) {
    std::string known;
    for (const auto& [name, plan] : tables_) known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
    return source_.fail(ErrorKind::NotFound, table.at,
                        fmt::format("There is no table {:?}; {}", table.name,
                                    known.empty() ? "name a file in single quotes, or a table beside the query."
                                                  : fmt::format("tables are {}; a file is named in single quotes.", known)),
                        table.name);
  }
  HR_CHECK(rename_columns(table, *relation));
  return *std::move(relation);
}

Result<Relation> Planner::crossed(Relation left, Relation right) {
  HR_TRY(Plan plan, left.plan.join(right.plan, {}, {}, {.kind = JoinKind::Cross}));
  left.columns.insert(left.columns.end(), right.columns.begin(), right.columns.end());
  return Relation{std::move(plan), std::move(left.columns)};
}

/// The equalities that USING and NATURAL stand for; columns that become one are named in `merged`.
Result<NodePointer> Planner::using_condition(const TableNode& table, const Relation& left, Relation& right,
    std::vector<std::string>& merged) {
  merged = table.using_names;
  if (table.natural) {
    for (const ScopeColumn& column : right.columns) {
      const bool in_left = std::ranges::any_of(left.columns, [&](const ScopeColumn& each) { return !each.is_hidden &&
          same_name(each.name, column.name); });
      if (in_left) merged.push_back(column.name);
    }
    if (merged.empty()) return source_.fail(ErrorKind::InvalidArgument, table.at, "The tables have no column in common.");
  }
  Node all{.kind = Node::Kind::And, .at = table.at};
  for (const std::string& name : merged) {
    const auto at = [&](const Relation& side) -> Result<std::string> {
      Node named{.kind = Node::Kind::Name, .at = table.at, .names = {name}};
      HR_TRY(const auto found, find(named, side));
      if (!found) return source_.fail(ErrorKind::NotFound, table.at, fmt::format("{:?} is not a column of both tables.", name), name);
      return found->table;
    };
    HR_TRY(const std::string left_table, at(left));
    HR_TRY(const std::string right_table, at(right));
    const auto column = [&](const std::string& of) {
      return std::make_shared<const Node>(Node{.kind = Node::Kind::Name, .at = table.at, .names = {of, name}});
    };
    all.inputs.push_back(std::make_shared<const Node>(
        Node{.kind = Node::Kind::Binary, .at = table.at, .text = "=", .inputs = {column(left_table), column(right_table)}}));
  }
  return std::make_shared<const Node>(std::move(all));
}

Result<Relation> Planner::joined(const TableNode& table, const Context& around) {
  HR_TRY(Relation left, from(*table.left, around));
  HR_TRY(Relation right, from(*table.right, around));
  for (const ScopeColumn& column : right.columns) {
    const auto twice = std::ranges::find_if(left.columns, [&](const ScopeColumn& each) {
      return !each.table.empty() && same_name(each.table, column.table) && !each.is_hidden;
    });
    if (twice == left.columns.end()) continue;
    return source_.fail(ErrorKind::InvalidArgument, table.right->at,
                        fmt::format("Two tables are called {:?}; give one another name by AS.", column.table), column.table);
  }
  NodePointer on = table.on;
  std::vector<std::string> merged;
  if (table.natural || !table.using_names.empty()) {
    HR_TRY(on, using_condition(table, left, right, merged));
  }
  const bool is_inner = table.join == JoinKind::Inner || table.join == JoinKind::Cross;
  Relation relation = left;
  if (is_inner) {
    HR_TRY(relation, crossed(left, right));
    if (on) {
      Context context{.outer = around.outer, .correlation = around.correlation, .relation = &relation};
      HR_CHECK(where(on, context));
    }
  } else {
    HR_TRY(relation, outer_joined(table, left, right, on, around));
  }
  if (table.join == JoinKind::Semi || table.join == JoinKind::Anti) return relation;
  // What becomes one is the left column, or the right one if only that has all rows.
  for (const std::string& name : merged) {
    const bool of_right = table.join == JoinKind::Right;
    std::vector<ScopeColumn*> both;
    for (ScopeColumn& column : relation.columns) {
      if (same_name(column.name, name) && !column.is_hidden && !column.is_merged) both.push_back(&column);
    }
    if (table.join == JoinKind::Full) {
      const Expression one = Expression::column(both.front()->id), other = Expression::column(both.back()->id);
      HR_TRY(const Value value, values_.make(Expression::when(Expression::unary(UnaryOperator::IsNotNull, one), one, other), true));
      HR_TRY(const std::string id, as_column(value, name, relation));
      // Its own columns are still found with their tables' names.
      for (ScopeColumn& column : relation.columns) column.is_merged = column.is_merged || (same_name(column.name, name) && column.id != id);
      relation.columns.insert(relation.columns.begin(), {.table = "", .name = name, .id = id});
    } else {
      (of_right ? both.front() : both.back())->is_merged = true;
    }
  }
  return relation;
}

Result<Relation> Planner::outer_joined(const TableNode& table, Relation left, Relation right, const NodePointer& on,
    const Context& around) {
  Relation both{left.plan, left.columns};
  both.columns.insert(both.columns.end(), right.columns.begin(), right.columns.end());
  Context context{.outer = around.outer, .correlation = around.correlation, .relation = &both};
  std::vector<NodePointer> parts;
  split_conjunction(on, parts);
  std::vector<Expression> left_on, right_on, rest, of_left, of_right;
  using enum JoinKind;
  for (const NodePointer& part : parts) {
    if (has_subquery(*part)) return source_.fail(ErrorKind::Unsupported, part->at,
        "A subquery in the condition of an outer join is not supported.");
    HR_TRY(const Value whole, expression(*part, context));
    HR_TRY(const Value value, values_.cast(whole, TypeId::Bool, false));
    for (const Expression& condition : factored(value.expression)) {
      const auto* binary = std::get_if<Expression::Binary>(&condition.kind());
      if (binary != nullptr && binary->op == BinaryOperator::Equal) {
        const Expression &a = condition.inputs()[0], &b = condition.inputs()[1];
        const bool in_order = is_local(a, left) && is_local(b, right), turned = is_local(b, left) && is_local(a, right);
        if ((in_order || turned) && has_column(a) && has_column(b)) {
          left_on.push_back(in_order ? a : b);
          right_on.push_back(in_order ? b : a);
          continue;
        }
      }
      const bool narrows_right = table.join == Left || table.join == Semi || table.join == Anti;
      const bool narrows_left = table.join == Right || table.join == Semi;
      if (narrows_right && is_local(condition, right) && has_column(condition)) {
        of_right.push_back(condition);
      } else if (narrows_left && is_local(condition, left) && has_column(condition)) {
        of_left.push_back(condition);
      } else {
        rest.push_back(condition);
      }
    }
  }
  if (!of_left.empty()) {
    HR_TRY(left.plan, left.plan.filter(all_of(of_left)));
  }
  if (!of_right.empty()) {
    HR_TRY(right.plan, right.plan.filter(all_of(of_right)));
  }
  JoinOptions options{.kind = table.join, .coalesce = false};
  if (!rest.empty() || left_on.empty()) {
    options.condition = rest.empty() ? Expression::literal(Scalar::of(true)) : all_of(rest);
  }
  for (size_t i = 0; i < left_on.size(); ++i) {
    // Floats beside other numbers are compared as floats.
    HR_TRY(const Value one, values_.make(left_on[i], true));
    HR_TRY(const Value other, values_.make(right_on[i], true));
    if (one.type.is_float() == other.type.is_float()) continue;
    left_on[i] = Expression::cast(left_on[i], TypeId::Float64, true);
    right_on[i] = Expression::cast(right_on[i], TypeId::Float64, true);
  }
  auto plan = left.plan.join(right.plan, left_on, right_on, options);
  if (!plan) return source_.fail(table.at, plan.error());
  const bool is_half = table.join == Semi || table.join == Anti;
  for (ScopeColumn& column : left.columns) column.nullable = column.nullable || table.join == Right || table.join == Full;
  for (ScopeColumn& column : right.columns) column.nullable = column.nullable || table.join == Left || table.join == Full;
  if (!is_half) left.columns.insert(left.columns.end(), right.columns.begin(), right.columns.end());
  return Relation{*std::move(plan), std::move(left.columns)};
}

}  // namespace headrace::frame::sql
