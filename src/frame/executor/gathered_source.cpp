#include "frame/executor/gathered_source.h"

#include <algorithm>
#include <limits>

namespace headrace::frame {

Result<Sort> make_sort(const PlanNode::Sort& node, const Schema& input, size_t workers, std::shared_ptr<MemoryBudget> budget,
                       std::shared_ptr<Spilling> spilling) {
  std::vector<BoundExpression> keys;
  std::vector<SortOrder> orders;
  for (const SortBy& by : node.by) {
    HR_TRY(BoundExpression key, BoundExpression::bind(by.expression, input));
    keys.push_back(std::move(key));
    orders.push_back({.descending = by.descending, .nulls_last = by.nulls_last});
  }
  const size_t limit = std::min<uint64_t>(node.limit, std::numeric_limits<size_t>::max());
  return Sort::make(input, std::move(keys), std::move(orders), limit, workers, std::move(budget), std::move(spilling));
}

}  // namespace headrace::frame
