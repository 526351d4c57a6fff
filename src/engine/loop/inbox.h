#pragma once

#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/schedule/active_request.h"

namespace headrace::engine {

/// Somebody wants the logits of `tokens`: [tokens][vocabulary], into `into`.
struct LogitsJob {
  std::span<const TokenId> tokens;
  std::span<float> into;
  std::promise<Result<void>> done;
};

/// What other threads have for the engine's.
struct News {
  std::vector<std::unique_ptr<ActiveRequest>> requests;
  std::vector<uint64_t> cancelled;
  std::vector<LogitsJob*> logits;
  void clear();
};

/// Where other threads leave work for the engine's thread, which sleeps here when it
/// has none. Thread-safe.
class Inbox {
 public:
  explicit Inbox(uint32_t max_queue) : max_queue_(max_queue) {}

  // Any thread.
  /// Busy when the queue is full, while draining, and after `stop`. Gives the request
  /// its id, which ascends in the order of these calls.
  Result<uint64_t> add(std::unique_ptr<ActiveRequest> request);
  void cancel(uint64_t id);
  /// Busy after `stop`.
  Result<void> add(LogitsJob& job);
  /// No more requests from now on; waits until those taken have ended.
  bool drain(double seconds);
  void stop();
  uint32_t queued() const;

  // The engine's thread.
  /// Sleeps while there is no news and `idle`; false once stopped.
  bool wait(bool idle);
  /// Moves the news over, in order of arrival.
  void take(News& news);
  void admitted();
  /// A request has had its last event; `was_admitted` says whether it left the queue.
  void ended(bool was_admitted);

 private:
  mutable std::mutex mutex_;
  std::condition_variable news_here_;
  std::condition_variable all_ended_;
  News news_;
  uint64_t last_id_ = 0;
  uint32_t max_queue_;
  uint32_t queued_ = 0;       // accepted and not admitted yet
  uint32_t outstanding_ = 0;  // accepted and not ended yet
  bool draining_ = false;
  bool stopped_ = false;
};

}  // namespace headrace::engine
