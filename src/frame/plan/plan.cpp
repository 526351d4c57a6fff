#include "frame/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "frame/executor/gathered_source.h"
#include "frame/expressions/bound_expression.h"
#include "frame/operators/group_results.h"
#include "frame/operators/join.h"
#include "frame/operators/reduction.h"
#include "frame/parquet/open_file.h"
#include "frame/plan/node.h"
#include "frame/plan/paths.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {

Result<Schema> schema_of(std::span<const Expression> expressions, const Schema& input) {
  HR_TRY(const Reduction reduction, Reduction::bind(expressions, input));
  std::vector<Field> fields;
  for (const Expression& expression : expressions) {
    HR_TRY(const BoundExpression bound, reduction.bind(expression, input));
    fields.push_back({expression.name(), bound.type()});
  }
  return Schema::make(std::move(fields));
}

Result<void> check_condition(const Expression& condition, const Schema& input) {
  HR_TRY(const Reduction reduction, Reduction::bind({&condition, 1}, input));
  HR_TRY(const BoundExpression bound, reduction.bind(condition, input));
  if (bound.type().id() == TypeId::Bool || bound.type().id() == TypeId::Null) return {};
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{}: a condition must be Boolean and is {}.", to_string(condition), to_string(bound.type())));
}

bool is_of_all_rows(const PlanNode& node) {
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) return std::ranges::any_of(project->expressions, has_aggregate);
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node.kind)) return std::ranges::any_of(filter->conditions, has_aggregate);
  return false;
}

Plan Plan::scan(DataFrame frame) {
  Schema schema = frame.schema();
  return Plan(make_node(PlanNode::ScanFrame{std::move(frame)}, {}, std::move(schema)));
}

Result<Plan> Plan::scan_parquet(std::span<const std::filesystem::path> sources, const ParquetOptions& options) {
  auto files = std::make_shared<std::vector<std::filesystem::path>>();
  for (const auto& source : sources) {
    HR_TRY(const auto found, files_of(source, ".parquet"));
    files->insert(files->end(), found.begin(), found.end());
  }
  if (files->empty()) return fail(ErrorKind::InvalidArgument, "No file is named that could be scanned.");
  HR_TRY(const auto first, parquet::OpenFile::open(files->front(), process_budget()));
  HR_TRY(const auto columns, first->columns_named(options.columns));
  std::vector<Field> fields;
  for (const size_t column : columns) fields.push_back(first->schema()[column]);
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  PlanNode::ScanParquet scan{.files = std::move(files), .columns = schema, .allows_others = options.columns.has_value()};
  return Plan(make_node(std::move(scan), {}, std::move(schema)));
}

const Schema& Plan::schema() const { return node_->schema; }

Result<Plan> Plan::select(std::span<const Expression> expressions) const {
  HR_TRY(Schema schema, schema_of(expressions, this->schema()));
  if (expressions.empty()) return scan(DataFrame());
  PlanNodePointer input = node_;
  const bool is_one_row = std::ranges::none_of(expressions, is_of_rows);
  if (is_one_row && std::ranges::any_of(expressions, has_aggregate)) {
    // Aggregates within aggregates are not of one group, but of all rows and then of their results.
    const auto results = GroupResults::bind({}, expressions, this->schema());
    if (results) return Plan(make_node(PlanNode::GroupBy{{}, {expressions.begin(), expressions.end()}}, {node_}, results->schema()));
  } else if (is_one_row) {
    // Literals alone are one row, whatever they are selected from.
    HR_TRY(DataFrame one, DataFrame::make(Schema(), {}, 1));
    input = scan(std::move(one)).node();
  }
  PlanNode::Project project{{expressions.begin(), expressions.end()}};
  return Plan(make_node(std::move(project), {std::move(input)}, std::move(schema)));
}

Result<Plan> Plan::with_columns(std::span<const Expression> expressions) const {
  std::vector<Expression> all;
  for (const Field& field : schema().fields()) all.push_back(Expression::column(field.name));
  std::set<std::string> seen;
  for (const Expression& expression : expressions) {
    const std::string& name = expression.name();
    if (!seen.insert(name).second) {
      return fail(ErrorKind::InvalidArgument, fmt::format("Two columns are named {:?}; give one another name by alias().", name), name);
    }
    const auto index = schema().index_of(name);
    if (index) {
      all[*index] = expression;
    } else {
      all.push_back(expression);
    }
  }
  HR_TRY(Schema made, schema_of(all, schema()));
  return Plan(make_node(PlanNode::Project{std::move(all)}, {node_}, std::move(made)));
}

namespace {

/// Columns under the names that they have or are given.
Result<Plan> columns_of(const PlanNodePointer& node, std::vector<Expression> columns) {
  HR_TRY(Schema schema, schema_of(columns, node->schema));
  return Plan(make_node(PlanNode::Project{std::move(columns)}, {node}, std::move(schema)));
}

}  // namespace

Result<Plan> Plan::drop(std::span<const std::string> names) const {
  for (const std::string& name : names) HR_CHECK(schema().index_of(name));
  std::vector<Expression> rest;
  for (const Field& field : schema().fields()) {
    if (std::ranges::find(names, field.name) == names.end()) rest.push_back(Expression::column(field.name));
  }
  return columns_of(node_, std::move(rest));
}

Result<Plan> Plan::rename(const std::map<std::string, std::string>& names) const {
  for (const auto& [from, to] : names) HR_CHECK(schema().index_of(from));
  std::vector<Expression> all;
  for (const Field& field : schema().fields()) {
    const auto other = names.find(field.name);
    all.push_back(other == names.end() ? Expression::column(field.name) : Expression::column(field.name).alias(other->second));
  }
  return columns_of(node_, std::move(all));
}

Result<Plan> Plan::filter(const Expression& condition) const {
  HR_CHECK(check_condition(condition, schema()));
  return Plan(make_node(PlanNode::Filter{{condition}}, {node_}, schema()));
}

Plan Plan::slice(int64_t offset, uint64_t size) const { return Plan(make_node(PlanNode::Slice{offset, size}, {node_}, schema())); }

Result<Plan> Plan::with_row_index(const std::string& name, uint64_t offset) const {
  std::vector<Field> fields{{name, TypeId::UInt32}};
  fields.insert(fields.end(), schema().fields().begin(), schema().fields().end());
  HR_TRY(Schema made, Schema::make(std::move(fields)));
  return Plan(make_node(PlanNode::RowIndex{offset}, {node_}, std::move(made)));
}

Result<Plan> Plan::sort(std::span<const SortBy> by, uint64_t limit) const {
  PlanNode::Sort sort{{by.begin(), by.end()}, limit};
  HR_CHECK(make_sort(sort, schema(), 1, process_budget()));
  return Plan(make_node(std::move(sort), {node_}, schema()));
}

Result<Plan> Plan::group_by(std::span<const Expression> keys, std::span<const Expression> expressions) const {
  if (keys.empty()) return fail(ErrorKind::InvalidArgument, "group_by needs a key at least; select() makes one row of all.");
  HR_TRY(const GroupResults results, GroupResults::bind(keys, expressions, schema()));
  PlanNode::GroupBy group_by{{keys.begin(), keys.end()}, {expressions.begin(), expressions.end()}};
  return Plan(make_node(std::move(group_by), {node_}, results.schema()));
}

Result<Plan> Plan::unique(std::span<const std::string> subset, Keep keep) const {
  for (const std::string& name : subset) HR_CHECK(schema().index_of(name));
  return Plan(make_node(PlanNode::Unique{{subset.begin(), subset.end()}, keep}, {node_}, schema()));
}

Result<Plan> Plan::join(const Plan& right, std::span<const Expression> left_on, std::span<const Expression> right_on,
                        const JoinOptions& options) const {
  HR_TRY(const Join made, Join::make(schema(), right.schema(), left_on, right_on, options, 1, process_budget()));
  PlanNode::Join join{{left_on.begin(), left_on.end()}, {right_on.begin(), right_on.end()}, options};
  return Plan(make_node(std::move(join), {node_, right.node_}, made.schema()));
}

Plan Plan::in_any_order() const { return Plan(make_node(PlanNode::AnyOrder{}, {node_}, schema())); }

Result<Plan> Plan::concat(std::span<const Plan> plans) {
  if (plans.empty()) return scan(DataFrame());
  const Schema& schema = plans.front().schema();
  std::vector<PlanNodePointer> inputs;
  for (size_t n = 0; n < plans.size(); ++n) {
    const Schema& other = plans[n].schema();
    if (other.size() != schema.size()) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("Frame {} has {} columns, where the first has {}.", n, other.size(), schema.size()));
    }
    for (size_t i = 0; i < schema.size(); ++i) {
      if (other[i] == schema[i]) continue;
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("Column {} of frame {} is {:?} of type {}, of the first frame {:?} of type {}.", i, n, other[i].name,
                              to_string(other[i].type), schema[i].name, to_string(schema[i].type)));
    }
    inputs.push_back(plans[n].node());
  }
  return Plan(make_node(PlanNode::Concat{}, std::move(inputs), schema));
}

}  // namespace headrace::frame
