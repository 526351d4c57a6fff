#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace headrace::model {

/// A timeline of some steps: what each thread of a backend worked on, and when it waited for the
/// others. Recording costs two readings of the clock for each operation and nothing when it is not armed.
///
/// One thread arms it and reads it; the backend's threads write it. Read it only after
/// `steps_recorded()` has reached what was asked for, or when no step is running.
class StepTrace {
 public:
  static constexpr uint32_t kNoLayer = UINT32_MAX;
  static constexpr uint32_t kNoOperation = UINT32_MAX;

  /// A step of the model's plan.
  struct Operation {
    std::string name;              ///< "norm", "gate and up"
    std::string detail;            ///< "Q4_1 576 → 1536, twice"; may be empty
    uint32_t layer = kNoLayer;
    uint64_t weight_bytes = 0;     ///< of the matrices that it reads
    uint64_t multiplications = 0;  ///< for each row
  };
  struct Event {
    enum class Kind : uint8_t {
      Work,     ///< the thread was inside the operation
      Wait,     ///< it had ended its part and waited for the other threads
      Between,  ///< no step was running: scheduling, delivery of tokens
    };
    Kind kind = Kind::Work;
    uint32_t operation = kNoOperation;  ///< index into operations()
    uint32_t step = 0;                  ///< counted from 0 since arm()
    uint32_t rows = 0;                  ///< that the operation computes
    int64_t begin_ns = 0;               ///< of a steady clock
    int64_t end_ns = 0;
  };

  /// One thread's events, and the one that has begun.
  class Lane {
   public:
    void begin(int64_t now) { since_ = now; }
    /// An event from the end of the one before until now. What no longer fits is left out.
    void add(Event::Kind kind, uint32_t operation, uint32_t step, uint32_t rows, int64_t now) {
      if (events_.size() < events_.capacity()) events_.push_back({kind, operation, step, rows, since_, now});
      since_ = now;
    }
    const std::vector<Event>& events() const { return events_; }

   private:
    friend class StepTrace;
    std::vector<Event> events_;
    int64_t since_ = 0;
  };

  /// Forgets what was recorded and asks for the next `steps` steps.
  void arm(uint32_t steps);
  uint32_t steps_recorded() const { return recorded_.load(std::memory_order_acquire); }

  const std::vector<Operation>& operations() const { return operations_; }
  const std::vector<Lane>& lanes() const { return lanes_; }

  // The backend's side --------------------------------------------------------
  /// Once, before the first step: the plan's operations and one lane for each thread.
  void describe(std::vector<Operation> operations, int threads);
  /// Whether the step that begins now is to be recorded. Called by one thread, before the others begin.
  bool begin_step();
  uint32_t step() const { return step_; }
  /// All threads have ended the step. Called by the same thread.
  void end_step();
  Lane& lane(int thread) { return lanes_[static_cast<size_t>(thread)]; }

  static int64_t now_ns();

 private:
  static constexpr size_t kEventsOfLane = size_t{1} << 16;
  std::vector<Operation> operations_;
  std::vector<Lane> lanes_;
  std::atomic<uint32_t> wanted_{0};  // steps still to be recorded
  std::atomic<uint32_t> recorded_{0};
  std::atomic<bool> fresh_{false};   // armed, and nothing recorded since
  uint32_t step_ = 0;
  int64_t last_end_ = 0;
};

}  // namespace headrace::model
