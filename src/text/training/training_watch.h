#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/thread_pool.h"
#include "text/training.h"

namespace headrace::text {

/// Looks after one training on behalf of its caller: shares work among threads, tells progress and asks
/// whether to give up. Made on the caller's thread.
class TrainingWatch {
 public:
  explicit TrainingWatch(const TrainingOptions& options) : options_(options) {}

  void progress(std::string_view step, size_t done, size_t total) const {
    if (options_.progress) options_.progress(step, done, total);
  }
  ThreadPool& pool() const { return options_.pool ? *options_.pool : ThreadPool::process(); }

  /// Cancelled once the caller wants it. To be called on the caller's thread, as often as one likes.
  Result<void> check() {
    if (!options_.interrupted) return {};
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_) {
      next_ = now + kInterval;
      if (options_.interrupted()) interrupted_ = true;
    }
    if (interrupted_) return fail(ErrorKind::Cancelled, "training was interrupted");
    return {};
  }

  /// The same at each so many-th step of a loop only.
  Result<void> check_at(size_t step) { return step % kSteps == 0 ? check() : Result<void>(); }

  /// For loops within parallel_for, on any thread: false once the training is to be given up, whatever they then leave
  /// undone. Asked each so many-th step, as above.
  bool goes_on_at(size_t step) {
    if (step % kSteps != 0) return true;
    if (std::this_thread::get_id() == caller_) return check().has_value();
    return !interrupted_;
  }

  /// Calls body(begin, end) over chunks of [0, count) on the pool; the first chunk's error of those that failed is returned.
  template <class Body>
  Result<void> parallel_for(size_t count, size_t grain, const Body& body) {
    std::mutex mutex;
    std::optional<Error> error;
    size_t failed_at = 0;
    std::atomic<bool> stop{false};
    const auto failed = [&](size_t begin, Error what) {
      const std::lock_guard lock(mutex);
      if (!error || begin < failed_at) error = std::move(what), failed_at = begin;
      stop = true;
    };
    pool().parallel_for(count, grain, [&](size_t begin, size_t end) {
      if (stop.load(std::memory_order_relaxed)) return;
      if (std::this_thread::get_id() == caller_) {
        if (auto going_on = check(); !going_on) return failed(begin, std::move(going_on).error());
      }
      if (Result<void> done = body(begin, end); !done) failed(begin, std::move(done).error());
    });
    if (error) return std::unexpected(std::move(*error));
    return check();
  }

 private:
  static constexpr std::chrono::milliseconds kInterval{20};
  static constexpr size_t kSteps = 1024;
  const TrainingOptions& options_;
  std::chrono::steady_clock::time_point next_{};
  std::atomic<bool> interrupted_{false};
  const std::thread::id caller_ = std::this_thread::get_id();
};

}  // namespace headrace::text
