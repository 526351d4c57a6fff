#pragma once

#include "frame/executor/pipeline.h"
#include "frame/executor/selection.h"

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

}  // namespace headrace::frame
