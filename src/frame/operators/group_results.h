#pragma once

#include <memory>
#include <span>
#include <vector>

#include "frame/aggregates/bound_aggregate.h"

namespace headrace::frame {

Result<std::vector<BoundExpression>> bind_keys(std::span<const Expression> keys, const Schema& schema);

/// What groups give: their keys, and expressions over their aggregates.
class GroupResults {
 public:
  /// What is no aggregate becomes a list of its values. Not of expressions for which needs_whole_groups().
  static Result<GroupResults> bind(std::span<const Expression> keys, std::span<const Expression> expressions, const Schema& schema);

  const Schema& schema() const { return schema_; }
  /// What an Aggregation is to be made of.
  const std::vector<BoundExpression>& keys() const { return keys_; }
  const std::vector<BoundAggregate>& aggregates() const { return aggregates_; }
  /// A chunk that an Aggregation gives as one of the schema.
  Result<Chunk> of(Chunk groups, const std::shared_ptr<MemoryBudget>& budget) const;

 private:
  Schema schema_;
  std::vector<BoundExpression> keys_, expressions_;
  std::vector<BoundAggregate> aggregates_;
};

}  // namespace headrace::frame
