#pragma once

#include "frame/executor/frame_source.h"
#include "frame/executor/pipeline.h"
#include "frame/operators/join.h"
#include "frame/plan/node.h"

namespace headrace::frame {

/// Looks the rows up in another pipeline's, which are gathered before the first one comes. Of joins whose result follows the left side alone.
class JoinOperator final : public Operator {
 public:
  JoinOperator(Pipeline right, Join join) : right_(std::move(right)), join_(std::move(join)) {}
  Result<void> open() override;
  Result<void> push(Morsel morsel, const Emit& emit) const override;

 private:
  Pipeline right_;
  Join join_;
};

/// A join that is known only when all rows of both sides are: rows that find nothing come last, or the left side's keys are to be looked at.
class StoredJoinSource final : public Source {
 public:
  StoredJoinSource(Pipeline left, Pipeline right, const PlanNode& node) : left_(std::move(left)), right_(std::move(right)), node_(node) {}
  Result<void> open() override;
  size_t tasks() const override { return stored_->tasks(); }
  Result<std::unique_ptr<SourceTask>> begin(size_t task) override { return stored_->begin(task); }
  uint64_t rows() const override { return stored_->rows(); }

 private:
  Pipeline left_, right_;
  PlanNode node_;
  std::optional<FrameSource> stored_;
};

/// Whether a join is a StoredJoinSource's.
bool needs_both_sides(const JoinOptions& options);

}  // namespace headrace::frame
