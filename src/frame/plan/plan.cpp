#include "frame/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "frame/csv/layout.h"
#include "frame/executor/gathered_source.h"
#include "frame/expressions/bound_expression.h"
#include "frame/operators/group_results.h"
#include "frame/operators/join.h"
#include "frame/operators/reduction.h"
#include "frame/parquet/open_file.h"
#include "frame/plan/hive.h"
#include "frame/plan/node.h"
#include "frame/plan/paths.h"
#include "frame/plan/rewrite.h"
#include "frame/window.h"
#include "frame/windows/over.h"

namespace headrace::frame {

Result<Schema> schema_of(std::span<const Expression> expressions, const Schema& input) {
  std::vector<Field> fields;
  if (std::ranges::any_of(expressions, has_window)) {
    for (const Expression& expression : expressions) {
      HR_TRY(const ContextExpression bound, ContextExpression::bind(expression, input));
      fields.push_back({expression.name(), bound.type()});
    }
    return Schema::make(std::move(fields));
  }
  HR_TRY(const Reduction reduction, Reduction::bind(expressions, input));
  for (const Expression& expression : expressions) {
    HR_TRY(const BoundExpression bound, reduction.bind(expression, input));
    fields.push_back({expression.name(), bound.type()});
  }
  return Schema::make(std::move(fields));
}

Result<void> check_condition(const Expression& condition, const Schema& input) {
  HR_TRY(const ContextExpression bound, ContextExpression::bind(condition, input));
  if (bound.type().id() == TypeId::Bool || bound.type().id() == TypeId::Null) return {};
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{}: a condition must be Boolean and is {}.", to_string(condition), to_string(bound.type())));
}

bool is_of_all_rows(const PlanNode& node) {
  const auto is_such = [](const Expression& expression) { return has_aggregate(expression) || has_window(expression); };
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) return std::ranges::any_of(project->expressions, is_such);
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node.kind)) return std::ranges::any_of(filter->conditions, is_such);
  return false;
}

Plan Plan::scan(DataFrame frame) {
  Schema schema = frame.schema();
  return Plan(make_node(PlanNode::ScanFrame{std::move(frame)}, {}, std::move(schema)));
}

namespace {

/// Columns of files and of their paths together: the latter in the place of file columns of the same name, and else behind them.
std::vector<Field> fields_with_paths(const Schema& files, const Schema& of_paths) {
  std::vector<Field> fields(files.fields().begin(), files.fields().end());
  for (const Field& field : of_paths.fields()) {
    const auto same = std::ranges::find(fields, field.name, &Field::name);
    if (same == fields.end()) {
      fields.push_back(field);
    } else {
      *same = field;
    }
  }
  return fields;
}

/// Those named, or all.
Result<Schema> chosen(const std::vector<Field>& fields, const std::optional<std::vector<std::string>>& names) {
  HR_TRY(Schema all, Schema::make(fields));
  if (!names) return all;
  std::vector<Field> some;
  for (const std::string& name : *names) {
    HR_TRY(const size_t index, all.index_of(name));
    some.push_back(all[index]);
  }
  return Schema::make(std::move(some));
}

}  // namespace

Result<Plan> Plan::scan_parquet(std::span<const std::filesystem::path> sources, const ParquetOptions& options) {
  auto files = std::make_shared<std::vector<std::filesystem::path>>();
  std::vector<ScannedFile> scanned;
  bool all_folders = true;
  for (const auto& source : sources) {
    std::error_code ignored;
    const bool is_folder = std::filesystem::is_directory(source, ignored);
    all_folders = all_folders && is_folder;
    HR_TRY(const auto found, files_of(source, ".parquet"));
    for (const auto& path : found) scanned.push_back({path, is_folder ? source : std::filesystem::path()});
    files->insert(files->end(), found.begin(), found.end());
  }
  if (files->empty()) return fail(ErrorKind::InvalidArgument, "No file is named that could be scanned.");
  HR_TRY(const auto first, parquet::OpenFile::open(files->front(), process_budget()));
  HR_TRY(auto by_file, columns_of_paths(scanned, options.hive_partitioning.value_or(all_folders), options, first->schema()));
  if (options.include_file_paths && first->schema().index_of(*options.include_file_paths)) {
    return fail(ErrorKind::InvalidArgument, fmt::format("include_file_paths={:?} is a column of the files; name another.",
                                                        *options.include_file_paths), *options.include_file_paths);
  }
  std::optional<std::vector<std::string>> of_files = options.columns;
  if (of_files) std::erase_if(*of_files, [&](const std::string& name) { return by_file.schema.index_of(name).has_value(); });
  HR_TRY(const auto columns, first->columns_named(of_files));
  std::vector<Field> fields;
  for (const size_t column : columns) fields.push_back(first->schema()[column]);
  HR_TRY(const Schema read, Schema::make(fields));
  HR_TRY(Schema schema, chosen(fields_with_paths(read, by_file.schema), options.columns));
  std::erase_if(fields, [&](const Field& field) { return by_file.schema.index_of(field.name).has_value(); });
  HR_TRY(Schema own, Schema::make(std::move(fields)));
  PlanNode::ScanParquet scan{.files = std::move(files), .columns = std::move(own), .allows_others = options.columns.has_value()};
  if (by_file.schema.size() > 0) scan.by_file = std::make_shared<const PlanNode::ScanParquet::FileColumns>(std::move(by_file));
  return Plan(make_node(std::move(scan), {}, std::move(schema)));
}

namespace {

/// The files that sources of text mean; what is no path stays as it is.
Result<std::vector<CsvInput>> inputs_of(std::span<const CsvInput> sources, bool has_patterns) {
  std::vector<CsvInput> inputs;
  for (const CsvInput& source : sources) {
    const auto* path = std::get_if<std::filesystem::path>(&source);
    if (path == nullptr || *path == "-" || !has_patterns) {
      inputs.push_back(source);
      continue;
    }
    HR_TRY(const auto found, files_of(*path, ".csv"));
    inputs.insert(inputs.end(), found.begin(), found.end());
  }
  if (inputs.empty()) return fail(ErrorKind::InvalidArgument, "No file is named that could be scanned.");
  return inputs;
}

}  // namespace

Result<Plan> Plan::scan_csv(std::span<const CsvInput> sources, const CsvOptions& options) {
  HR_TRY(auto inputs, inputs_of(sources, options.glob));
  HR_TRY(const auto first, csv::Input::open(inputs.front(), process_budget()));
  HR_TRY(csv::Layout layout, csv::layout_of(*first, options, process_budget()));
  inputs.front() = first->source();
  Schema schema = layout.schema;
  PlanNode::ScanCsv scan{.inputs = std::make_shared<const std::vector<CsvInput>>(std::move(inputs)),
                         .layout = std::make_shared<const csv::Layout>(std::move(layout))};
  return Plan(make_node(std::move(scan), {}, std::move(schema)));
}

const Schema& Plan::schema() const { return node_->schema; }

Result<Plan> Plan::select(std::span<const Expression> expressions) const {
  HR_TRY(Schema schema, schema_of(expressions, this->schema()));
  if (expressions.empty()) return scan(DataFrame());
  PlanNodePointer input = node_;
  const bool is_one_row = std::ranges::none_of(expressions, is_of_rows) && std::ranges::none_of(expressions, has_window);
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
  PlanNode::GroupBy group_by{{keys.begin(), keys.end()}, {expressions.begin(), expressions.end()}};
  if (std::ranges::any_of(expressions, needs_whole_groups)) {
    HR_TRY(Schema made, schema_of_groups(keys, expressions, schema()));
    return Plan(make_node(std::move(group_by), {node_}, std::move(made)));
  }
  HR_TRY(const GroupResults results, GroupResults::bind(keys, expressions, schema()));
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
