#include "model/step_trace.h"

#include <chrono>
#include <utility>

namespace headrace::model {

int64_t StepTrace::now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void StepTrace::describe(std::vector<Operation> operations, int threads) {
  operations_ = std::move(operations);
  lanes_.resize(static_cast<size_t>(threads));
  for (Lane& lane : lanes_) lane.events_.reserve(kEventsOfLane);
}

void StepTrace::arm(uint32_t steps) {
  wanted_.store(0);
  recorded_.store(0);
  fresh_.store(true);
  wanted_.store(steps, std::memory_order_release);
}

bool StepTrace::begin_step() {
  if (wanted_.load(std::memory_order_acquire) == 0) return false;
  const int64_t now = now_ns();
  if (fresh_.exchange(false)) {
    step_ = 0;
    for (Lane& lane : lanes_) lane.events_.clear();
  } else {
    ++step_;
    lanes_.front().begin(last_end_);
    lanes_.front().add(Event::Kind::Between, kNoOperation, step_, 0, now);
  }
  lanes_.front().begin(now);
  return true;
}

void StepTrace::end_step() {
  last_end_ = now_ns();
  recorded_.fetch_add(1, std::memory_order_release);
  // Armed anew in the meantime: the count is that of the next recording.
  if (!fresh_.load()) wanted_.fetch_sub(1);
}

}  // namespace headrace::model
