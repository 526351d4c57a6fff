#include "frame/executor/join_steps.h"

#include <utility>

#include "frame/executor/gathered_source.h"
#include "frame/executor/stored_source.h"

namespace headrace::frame {

Result<void> JoinOperator::open() { return gather_all(right_, join_); }

Result<void> JoinOperator::push(Morsel morsel, const Emit& emit) const {
  return join_.probe(morsel.chunk, [&](Chunk chunk) { return emit({.first_row = morsel.first_row, .chunk = std::move(chunk)}); });
}

Result<void> StoredJoinSource::open() {
  constexpr PlanNode::Slice kAll{0, UINT64_MAX};
  const auto& join = std::get<PlanNode::Join>(node_.kind);
  HR_TRY(const DataFrame left, run(left_, kAll, node_.inputs[0]->schema));
  HR_TRY(const DataFrame right, run(right_, kAll, node_.inputs[1]->schema));
  HR_TRY(DataFrame joined, frame::join(left, right, join.left_on, join.right_on, join.options, left_.query->budget));
  stored_.emplace(std::move(joined));
  return stored_->open();
}

bool needs_both_sides(const JoinOptions& options) {
  const bool has_rest = options.kind == JoinKind::Right || options.kind == JoinKind::Full;
  return has_rest || options.validation == JoinValidation::OneToMany || options.validation == JoinValidation::OneToOne;
}

}  // namespace headrace::frame
