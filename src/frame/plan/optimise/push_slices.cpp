#include <algorithm>
#include <utility>

#include "frame/plan/optimise/passes.h"
#include "frame/plan/slice.h"

namespace headrace::frame {
namespace {

using Slice = PlanNode::Slice;

uint64_t sum_or_most(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

PlanNodePointer slice_of(const PlanNodePointer& node, const Slice& slice) { return make_node(slice, {push_slices(node)}, node->schema); }

PlanNodePointer placed(const PlanNodePointer& node, const Slice& slice);

PlanNodePointer placed(const PlanNodePointer& node, const Slice& inner, const Slice& outer) {
  if (inner.offset < 0 || outer.offset < 0) return make_node(outer, {placed(node->inputs[0], inner)}, node->schema);
  const auto skipped = static_cast<uint64_t>(outer.offset);
  const uint64_t left = inner.size > skipped ? inner.size - skipped : 0;
  const uint64_t begin = std::min<uint64_t>(static_cast<uint64_t>(inner.offset) + skipped, INT64_MAX);
  return placed(node->inputs[0], Slice{static_cast<int64_t>(begin), std::min(outer.size, left)});
}

/// The slice of what a scan's own slice leaves; not from an end that is not known.
template <class Scan>
PlanNodePointer sliced(const PlanNode& node, Scan scan, const Slice& slice) {
  const auto skipped = static_cast<uint64_t>(std::max<int64_t>(slice.offset, 0));
  const uint64_t begin = std::min<uint64_t>(static_cast<uint64_t>(scan.offset) + skipped, INT64_MAX);
  scan.offset = slice.offset < 0 ? slice.offset : static_cast<int64_t>(begin);
  scan.size = std::min(slice.size, scan.size == UINT64_MAX ? UINT64_MAX : scan.size > skipped ? scan.size - skipped : 0);
  return make_node(std::move(scan), {}, node.schema);
}

PlanNodePointer placed(const PlanNodePointer& node, const PlanNode::ScanCsv& scan, const Slice& slice) {
  if (!scan.conditions.empty() || slice.offset < 0 || scan.inputs->size() > 1) return slice_of(node, slice);
  return sliced(*node, scan, slice);
}

PlanNodePointer placed(const PlanNodePointer& node, const PlanNode::ScanParquet& scan, const Slice& slice) {
  // From the end of what is cut off already: the slice would have to know where that is.
  const bool is_whole = scan.offset == 0 && scan.size == UINT64_MAX;
  if (!scan.conditions.empty() || (slice.offset < 0 && !is_whole) || scan.offset < 0) return slice_of(node, slice);
  return sliced(*node, scan, slice);
}

/// Every input as long as the slice's end lets it be of use, and the slice itself.
PlanNodePointer placed_in_concat(const PlanNodePointer& node, const Slice& slice) {
  const uint64_t end = sum_or_most(static_cast<uint64_t>(slice.offset), slice.size);
  std::vector<PlanNodePointer> inputs;
  for (const PlanNodePointer& input : node->inputs) inputs.push_back(placed(input, Slice{0, end}));
  return make_node(slice, {with_inputs(*node, std::move(inputs))}, node->schema);
}

/// The rows of `node` that the slice takes.
PlanNodePointer placed(const PlanNodePointer& node, const Slice& slice) {
  if (const auto* inner = std::get_if<Slice>(&node->kind)) return placed(node, *inner, slice);
  if (const auto* scan = std::get_if<PlanNode::ScanParquet>(&node->kind)) return placed(node, *scan, slice);
  if (const auto* scan = std::get_if<PlanNode::ScanCsv>(&node->kind)) return placed(node, *scan, slice);
  if (const auto* scan = std::get_if<PlanNode::ScanFrame>(&node->kind)) {
    const RowRange rows = rows_of(slice, scan->frame.height());
    return make_node(PlanNode::ScanFrame{scan->frame.slice(rows.begin, rows.size)}, {}, node->schema);
  }
  const bool is_of_rows = std::holds_alternative<PlanNode::Project>(node->kind) && !is_of_all_rows(*node);
  if (is_of_rows) return with_inputs(*node, {placed(node->inputs[0], slice)});
  const auto* index = std::get_if<PlanNode::RowIndex>(&node->kind);
  if (index != nullptr && slice.offset >= 0) {
    const uint64_t first = sum_or_most(index->offset, static_cast<uint64_t>(slice.offset));
    return make_node(PlanNode::RowIndex{first}, {placed(node->inputs[0], slice)}, node->schema);
  }
  if (std::holds_alternative<PlanNode::Concat>(node->kind) && slice.offset >= 0) return placed_in_concat(node, slice);
  const auto* sort = std::get_if<PlanNode::Sort>(&node->kind);
  if (sort != nullptr && slice.offset >= 0) {
    const uint64_t limit = std::min(sort->limit, sum_or_most(static_cast<uint64_t>(slice.offset), slice.size));
    auto made = make_node(PlanNode::Sort{sort->by, limit}, {push_slices(node->inputs[0])}, node->schema);
    return slice.offset == 0 ? made : make_node(slice, {std::move(made)}, node->schema);
  }
  return slice_of(node, slice);
}

}  // namespace

PlanNodePointer push_slices(const PlanNodePointer& node) {
  if (const auto* slice = std::get_if<Slice>(&node->kind)) return placed(node->inputs[0], *slice);
  if (node->inputs.empty()) return node;
  std::vector<PlanNodePointer> inputs;
  for (const PlanNodePointer& input : node->inputs) inputs.push_back(push_slices(input));
  return with_inputs(*node, std::move(inputs));
}

}  // namespace headrace::frame
