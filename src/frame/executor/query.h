#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/memory_budget.h"

namespace headrace::frame {

/// What a step has done so far.
struct StepCounts {
  std::string step;
  std::atomic<uint64_t> rows{0}, bytes{0}, nanoseconds{0};
};

/// What all parts of a running query share.
class Query {
 public:
  Query(std::shared_ptr<MemoryBudget> budget, size_t workers, std::shared_ptr<const std::atomic<bool>> cancelled, bool counts_bytes)
      : budget(std::move(budget)), workers(workers), counts_bytes(counts_bytes), cancelled_(std::move(cancelled)) {}

  const std::shared_ptr<MemoryBudget> budget;
  const size_t workers;     ///< that may run at a time
  const bool counts_bytes;  ///< of what each step gives, which costs a look at every string
  std::deque<StepCounts> steps;

  bool is_cancelled() const { return cancelled_ && cancelled_->load(std::memory_order_relaxed); }
  /// Counts of a step that is about to run; where they are they stay.
  StepCounts& add_step(std::string step) {
    StepCounts& counts = steps.emplace_back();
    counts.step = std::move(step);
    return counts;
  }

 private:
  std::shared_ptr<const std::atomic<bool>> cancelled_;
};

}  // namespace headrace::frame
