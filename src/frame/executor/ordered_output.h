#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "frame/executor/sink.h"
#include "frame/plan/slice.h"

namespace headrace::frame {

/// Rows in the source's order, or a slice of them. Small chunks of one task are put together.
class OrderedOutput final : public Sink {
 public:
  /// `ahead_bytes`: so many may wait to be taken.
  OrderedOutput(size_t tasks, PlanNode::Slice slice, uint64_t ahead_bytes, std::shared_ptr<MemoryBudget> budget);

  Result<void> add(size_t worker, size_t task, Morsel morsel) override;
  Result<void> end(size_t worker, size_t task) override;
  bool wants(size_t task) const override;
  bool is_full() const override { return full_.load(std::memory_order_relaxed); }

  /// The next rows in order, if they have come. Not of a slice from the end.
  std::optional<Chunk> take();
  /// Whether all tasks up to this one have ended.
  bool has_passed(size_t task) const;
  /// All that was not taken, when all has come.
  std::vector<Chunk> finish();

 private:
  struct Task {
    std::vector<Chunk> small;  // to be put together; only of the thread that has the task
    size_t small_rows = 0;
    std::deque<Chunk> waiting;  // for the tasks before it
    bool has_ended = false;
  };
  Result<void> join_small(size_t task);
  void append(size_t task, Chunk chunk);
  /// What has its turn now.
  void advance();
  void release(Chunk chunk);

  PlanNode::Slice slice_;
  uint64_t ahead_bytes_;
  std::shared_ptr<MemoryBudget> budget_;
  std::vector<Task> tasks_;
  mutable std::mutex mutex_;
  std::atomic<size_t> head_{0};  // the first task that has not ended
  std::deque<Chunk> ready_;
  uint64_t ready_rows_ = 0;
  uint64_t passed_ = 0;  // rows that have had their turn
  std::atomic<uint64_t> bytes_{0};
  std::atomic<bool> has_ready_{false}, full_{false};
};

}  // namespace headrace::frame
