#include "frame/executor/compile.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "frame/executor/concat_source.h"
#include "frame/executor/csv_source.h"
#include "frame/executor/frame_source.h"
#include "frame/executor/gathered_source.h"
#include "frame/executor/operators.h"
#include "frame/executor/parquet_source.h"
#include "frame/executor/stored_source.h"
#include "frame/group_by.h"
#include "frame/plan/rewrite.h"
#include "frame/window.h"
#include "frame/windows/over.h"

namespace headrace::frame {
namespace {

Pipeline from(std::unique_ptr<Source> source, std::string step, Query& query) {
  Pipeline pipeline;
  pipeline.source = std::move(source);
  pipeline.source_counts = &query.add_step(std::move(step));
  pipeline.query = &query;
  return pipeline;
}

void add(Pipeline& pipeline, std::unique_ptr<Operator> op, const PlanNode& node) {
  pipeline.steps.push_back({std::move(op), &pipeline.query->add_step(to_string(node))});
}

/// What becomes of all rows of the node's inputs at once.
Result<Pipeline> compile_stored(const PlanNode& node, StoredSource::Make make, Query& query) {
  std::vector<StoredSource::Input> inputs;
  for (const PlanNodePointer& input : node.inputs) {
    HR_TRY(Pipeline pipeline, compile(*input, query));
    inputs.push_back({std::move(pipeline), input->schema});
  }
  return from(std::make_unique<StoredSource>(std::move(inputs), std::move(make)), to_string(node), query);
}

Result<DataFrame> only(std::vector<DataFrame> frames) { return std::move(frames.front()); }

/// A pipeline's rows in places without gaps.
Pipeline stored(Pipeline pipeline, const PlanNode::Slice& slice, const Schema& schema, std::string step) {
  Query& query = *pipeline.query;
  std::vector<StoredSource::Input> inputs;
  inputs.push_back({std::move(pipeline), schema, slice});
  return from(std::make_unique<StoredSource>(std::move(inputs), only), std::move(step), query);
}

Result<Pipeline> compile_filter(const PlanNode& node, const PlanNode::Filter& filter, Query& query) {
  HR_TRY(Pipeline pipeline, compile(node.input(), query));
  HR_TRY(Conditions conditions, Conditions::bind(filter.conditions, node.input().schema));
  std::vector<size_t> kept;
  for (const Field& field : node.schema.fields()) {
    HR_TRY(const size_t index, node.input().schema.index_of(field.name));
    kept.push_back(index);
  }
  add(pipeline, std::make_unique<FilterOperator>(std::move(conditions), std::move(kept), query.budget), node);
  pipeline.is_dense = false;
  return pipeline;
}

Result<Pipeline> compile_project(const PlanNode& node, const PlanNode::Project& project, Query& query) {
  HR_TRY(Pipeline pipeline, compile(node.input(), query));
  std::vector<BoundExpression> expressions;
  for (const Expression& expression : project.expressions) {
    HR_TRY(BoundExpression bound, BoundExpression::bind(expression, node.input().schema));
    expressions.push_back(std::move(bound));
  }
  add(pipeline, std::make_unique<ProjectOperator>(std::move(expressions), query.budget), node);
  return pipeline;
}

Result<Pipeline> compile_row_index(const PlanNode& node, const PlanNode::RowIndex& index, Query& query) {
  HR_TRY(Pipeline pipeline, compile(node.input(), query));
  if (!pipeline.is_dense) pipeline = stored(std::move(pipeline), {0, UINT64_MAX}, node.input().schema, "STORE");
  add(pipeline, std::make_unique<RowIndexOperator>(index.offset, query.budget), node);
  return pipeline;
}

Result<Pipeline> compile_concat(const PlanNode& node, Query& query) {
  std::vector<Pipeline> inputs;
  bool is_dense = true;
  for (const PlanNodePointer& input : node.inputs) {
    HR_TRY(Pipeline pipeline, compile(*input, query));
    is_dense = is_dense && pipeline.is_dense;
    inputs.push_back(std::move(pipeline));
  }
  Pipeline pipeline = from(std::make_unique<ConcatSource>(std::move(inputs)), to_string(node), query);
  pipeline.is_dense = is_dense;
  return pipeline;
}

Result<Pipeline> compile_sort(const PlanNode& node, const PlanNode::Sort& sort, Query& query) {
  HR_TRY(Pipeline input, compile(node.input(), query));
  const auto spilling = query.make_spilling();
  HR_TRY(Sort gathering, make_sort(sort, node.input().schema, query.workers, query.budget, spilling));
  Pipeline pipeline = from(std::make_unique<GatheredSource<Sort>>(std::move(input), std::move(gathering)), to_string(node), query);
  pipeline.source_counts->spilling = spilling;
  return pipeline;
}

/// Whether a join is known only when all rows of both sides are: rows that find nothing come last, or the left side's keys are to be
/// looked at.
bool needs_both_sides(const JoinOptions& options) {
  const bool has_rest = options.kind == JoinKind::Right || options.kind == JoinKind::Full;
  return has_rest || options.validation == JoinValidation::OneToMany || options.validation == JoinValidation::OneToOne;
}

Result<Pipeline> compile_join(const PlanNode& node, const PlanNode::Join& join, Query& query) {
  if (needs_both_sides(join.options)) {
    const auto make = [join, budget = query.budget](const std::vector<DataFrame>& sides) {
      return frame::join(sides[0], sides[1], join.left_on, join.right_on, join.options, budget);
    };
    return compile_stored(node, make, query);
  }
  // The same scan may stand on both sides.
  std::vector<ScanFilter> filters = std::exchange(query.scan_filters, {});
  HR_TRY(Pipeline right, compile(*node.inputs[1], query));
  HR_TRY(Join made, Join::make(node.inputs[0]->schema, node.inputs[1]->schema, join.left_on, join.right_on, join.options, query.workers,
                               query.budget));
  if (query.pushes_key_filters) std::ranges::move(scan_filters(node, join, made), std::back_inserter(filters));
  query.scan_filters = std::move(filters);
  HR_TRY(Pipeline left, compile(*node.inputs[0], query));
  add(left, std::make_unique<JoinOperator>(std::move(right), std::move(made)), node);
  left.is_dense = false;
  left.expands = left.expands || (join.options.kind != JoinKind::Semi && join.options.kind != JoinKind::Anti);
  return left;
}

Result<Pipeline> compile_group_by(const PlanNode& node, const PlanNode::GroupBy& group_by, Query& query) {
  if (std::ranges::any_of(group_by.expressions, needs_whole_groups)) {
    const auto make = [group_by, budget = query.budget](const std::vector<DataFrame>& input) {
      return frame::group_by(input.front(), group_by.keys, group_by.expressions, budget);
    };
    return compile_stored(node, make, query);
  }
  HR_TRY(Pipeline input, compile(node.input(), query));
  HR_TRY(GroupResults results, GroupResults::bind(group_by.keys, group_by.expressions, node.input().schema));
  const auto spilling = query.make_spilling();
  Aggregation groups(results.keys(), results.aggregates(), query.workers, query.budget, spilling);
  Pipeline pipeline = from(std::make_unique<GatheredSource<Aggregation>>(std::move(input), std::move(groups)), to_string(node), query);
  pipeline.source_counts->spilling = spilling;
  pipeline.steps.push_back({std::make_unique<GroupResultsOperator>(std::move(results), query.budget), &query.add_step("GROUPS' RESULTS")});
  return pipeline;
}

/// Expressions with aggregates beside rows.
Result<Pipeline> compile_of_all_rows(const PlanNode& node, Query& query) {
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) {
    const auto make = [expressions = project->expressions, &query](const std::vector<DataFrame>& input) {
      const bool windows = std::ranges::any_of(expressions, has_window);
      return windows ? select_windows(input.front(), expressions, query.budget, [&query] { return query.is_cancelled(); })
                     : select(input.front(), expressions, query.budget);
    };
    return compile_stored(node, make, query);
  }
  std::vector<std::string> names;
  for (const Field& field : node.schema.fields()) names.push_back(field.name);
  const Expression condition = all_of(std::get<PlanNode::Filter>(node.kind).conditions);
  const auto make = [condition, names, &query](const std::vector<DataFrame>& input) -> Result<DataFrame> {
    HR_TRY(const DataFrame kept, has_window(condition)
                                     ? filter_windows(input.front(), condition, query.budget, [&query] { return query.is_cancelled(); })
                                     : filter(input.front(), condition, query.budget));
    return kept.select(names);
  };
  return compile_stored(node, make, query);
}

Result<Pipeline> compile_unique(const PlanNode& node, const PlanNode::Unique& unique, Query& query) {
  const auto make = [unique, budget = query.budget](const std::vector<DataFrame>& input) {
    return frame::unique(input.front(), unique.subset, unique.keep, budget);
  };
  return compile_stored(node, make, query);
}

}  // namespace

Result<Pipeline> compile(const PlanNode& node, Query& query) {
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&node.kind)) {
    return from(std::make_unique<FrameSource>(scan->frame), to_string(node), query);
  }
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&node.kind)) {
    HR_TRY(auto source, ParquetSource::make(node, *scan, query));
    Pipeline pipeline = from(std::move(source), to_string(node), query);
    pipeline.is_dense = scan->conditions.empty();
    return pipeline;
  }
  if (const auto* scan = std::get_if<PlanNode::ScanCsv>(&node.kind)) {
    HR_TRY(auto source, CsvSource::make(node, *scan, query));
    Pipeline pipeline = from(std::move(source), to_string(node), query);
    pipeline.is_dense = scan->conditions.empty() && scan->inputs->size() == 1;
    return pipeline;
  }
  if (is_of_all_rows(node)) return compile_of_all_rows(node, query);
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node.kind)) return compile_filter(node, *filter, query);
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) return compile_project(node, *project, query);
  if (const auto* index = std::get_if<PlanNode::RowIndex>(&node.kind)) return compile_row_index(node, *index, query);
  if (const auto* slice = std::get_if<PlanNode::Slice>(&node.kind)) {
    HR_TRY(Pipeline input, compile(node.input(), query));
    return stored(std::move(input), *slice, node.schema, to_string(node));
  }
  if (const auto* sort = std::get_if<PlanNode::Sort>(&node.kind)) return compile_sort(node, *sort, query);
  if (const auto* join = std::get_if<PlanNode::Join>(&node.kind)) return compile_join(node, *join, query);
  if (const auto* group_by = std::get_if<PlanNode::GroupBy>(&node.kind)) return compile_group_by(node, *group_by, query);
  if (const auto* unique = std::get_if<PlanNode::Unique>(&node.kind)) return compile_unique(node, *unique, query);
  if (std::holds_alternative<PlanNode::AnyOrder>(node.kind)) return compile(node.input(), query);
  return compile_concat(node, query);
}

}  // namespace headrace::frame
