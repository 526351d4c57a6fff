#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "frame/executor/scan_filters.h"
#include "frame/spill/spilling.h"

namespace headrace::frame {

/// What a step has done so far.
struct StepCounts {
  std::string step;
  std::atomic<uint64_t> rows{0}, bytes{0}, nanoseconds{0};
  std::shared_ptr<const Spilling> spilling;  ///< if the step may spill
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
  bool pushes_key_filters = true;  ///< of joins down to scans
  /// For the scan that the step which is compiled has its rows from.
  std::vector<ScanFilter> scan_filters;

  std::shared_ptr<SpillStore> spill_store;  ///< where memory has a limit

  /// For one step; none where memory has no limit.
  std::shared_ptr<Spilling> make_spilling() const {
    // A step holds its rows, a copy of some in order, and what is read ahead of it.
    constexpr uint64_t kShare = 8;
    return spill_store ? std::make_shared<Spilling>(spill_store, budget->limit_bytes() / kShare, budget) : nullptr;
  }

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
