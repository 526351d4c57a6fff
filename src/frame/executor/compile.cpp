#include "frame/executor/compile.h"

#include <utility>

#include "frame/executor/concat_source.h"
#include "frame/executor/frame_source.h"
#include "frame/executor/gathered_source.h"
#include "frame/executor/join_steps.h"
#include "frame/executor/operators.h"
#include "frame/executor/parquet_source.h"
#include "frame/executor/stored_source.h"

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
  if (!pipeline.is_dense) {
    auto stored = std::make_unique<StoredSource>(std::move(pipeline), PlanNode::Slice{0, UINT64_MAX}, node.input().schema);
    pipeline = from(std::move(stored), "STORE", query);
  }
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
  HR_TRY(Sort gathering, make_sort(sort, node.input().schema, query.workers, query.budget));
  return from(std::make_unique<GatheredSource<Sort>>(std::move(input), std::move(gathering)), to_string(node), query);
}

Result<Pipeline> compile_join(const PlanNode& node, const PlanNode::Join& join, Query& query) {
  HR_TRY(Pipeline right, compile(*node.inputs[1], query));
  HR_TRY(Pipeline left, compile(*node.inputs[0], query));
  if (needs_both_sides(join.options)) {
    return from(std::make_unique<StoredJoinSource>(std::move(left), std::move(right), node), to_string(node), query);
  }
  HR_TRY(Join made, Join::make(node.inputs[0]->schema, node.inputs[1]->schema, join.left_on, join.right_on, join.options, query.workers, query.budget));
  add(left, std::make_unique<JoinOperator>(std::move(right), std::move(made)), node);
  left.is_dense = false;
  left.expands = left.expands || (join.options.kind != JoinKind::Semi && join.options.kind != JoinKind::Anti);
  return left;
}

}  // namespace

Result<Pipeline> compile(const PlanNode& node, Query& query) {
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&node.kind)) return from(std::make_unique<FrameSource>(scan->frame), to_string(node), query);
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&node.kind)) {
    HR_TRY(auto source, ParquetSource::make(node, *scan, query));
    Pipeline pipeline = from(std::move(source), to_string(node), query);
    pipeline.is_dense = scan->conditions.empty();
    return pipeline;
  }
  if (const auto* filter = std::get_if<PlanNode::Filter>(&node.kind)) return compile_filter(node, *filter, query);
  if (const auto* project = std::get_if<PlanNode::Project>(&node.kind)) return compile_project(node, *project, query);
  if (const auto* index = std::get_if<PlanNode::RowIndex>(&node.kind)) return compile_row_index(node, *index, query);
  if (const auto* slice = std::get_if<PlanNode::Slice>(&node.kind)) {
    HR_TRY(Pipeline input, compile(node.input(), query));
    return from(std::make_unique<StoredSource>(std::move(input), *slice, node.schema), to_string(node), query);
  }
  if (const auto* sort = std::get_if<PlanNode::Sort>(&node.kind)) return compile_sort(node, *sort, query);
  if (const auto* join = std::get_if<PlanNode::Join>(&node.kind)) return compile_join(node, *join, query);
  return compile_concat(node, query);
}

}  // namespace headrace::frame
