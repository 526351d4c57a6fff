#pragma once

#include "frame/executor/pipeline.h"
#include "frame/executor/selection.h"
#include "frame/operators/group_results.h"
#include "frame/operators/join.h"

namespace headrace::frame {

/// Leaves rows out, and columns that nothing reads any more.
class FilterOperator final : public Operator {
 public:
  /// `kept`: which of the input's columns are given on.
  FilterOperator(Conditions conditions, std::vector<size_t> kept, std::shared_ptr<MemoryBudget> budget)
      : conditions_(std::move(conditions)), kept_(std::move(kept)), budget_(std::move(budget)) {}
  Result<void> push(Morsel morsel, const Emit& emit) const override;

 private:
  Conditions conditions_;
  std::vector<size_t> kept_;
  std::shared_ptr<MemoryBudget> budget_;
};

/// Calculates columns.
class ProjectOperator final : public Operator {
 public:
  ProjectOperator(std::vector<BoundExpression> expressions, std::shared_ptr<MemoryBudget> budget)
      : expressions_(std::move(expressions)), budget_(std::move(budget)) {}
  Result<void> push(Morsel morsel, const Emit& emit) const override;

 private:
  std::vector<BoundExpression> expressions_;
  std::shared_ptr<MemoryBudget> budget_;
};

/// Puts the rows' places, from `offset` on, in front of the columns. Only where every place has a row.
class RowIndexOperator final : public Operator {
 public:
  RowIndexOperator(uint64_t offset, std::shared_ptr<MemoryBudget> budget) : offset_(offset), budget_(std::move(budget)) {}
  Result<void> push(Morsel morsel, const Emit& emit) const override;

 private:
  uint64_t offset_;
  std::shared_ptr<MemoryBudget> budget_;
};

/// Makes what an Aggregation gives what was asked of groups.
class GroupResultsOperator final : public Operator {
 public:
  GroupResultsOperator(GroupResults results, std::shared_ptr<MemoryBudget> budget)
      : results_(std::move(results)), budget_(std::move(budget)) {}
  Result<void> push(Morsel morsel, const Emit& emit) const override;

 private:
  GroupResults results_;
  std::shared_ptr<MemoryBudget> budget_;
};

/// Looks the rows up in another pipeline's, which are gathered before the first one comes. Of joins whose result follows the left
/// side alone.
class JoinOperator final : public Operator {
 public:
  JoinOperator(Pipeline right, Join join) : right_(std::move(right)), join_(std::move(join)) {}
  Result<void> open() override;
  Result<void> push(Morsel morsel, const Emit& emit) const override;

 private:
  Pipeline right_;
  Join join_;
};

}  // namespace headrace::frame
