#include "frame/arrow/release_queue.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/arrow_interface.h"

namespace headrace::frame {
namespace {

/// Its thread lives while there is something to release: a process that forks or ends seldom finds one.
class ReleaseQueue {
 public:
  void push(std::function<void()> release) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(release));
    if (running_) return;
    running_ = true;
    std::thread([this] { run(); }).detach();
  }

 private:
  void run() {
    for (std::unique_lock lock(mutex_);;) {
      if (waiting_.empty()) {
        running_ = false;
        return;
      }
      std::vector<std::function<void()>> taken = std::exchange(waiting_, {});
      lock.unlock();
      for (const auto& release : taken) release();
      taken.clear();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
  bool running_ = false;
};

}  // namespace

void release_off_pool(std::function<void()> release) {
  if (!ThreadPool::is_worker()) return release();
  static auto* queue = new ReleaseQueue;  // never destroyed: its thread may outlive main
  queue->push(std::move(release));
}

Buffer wrap_foreign(std::byte* data, size_t bytes, std::function<void()> release) {
  return Buffer::foreign(data, bytes, [release = std::move(release)]() mutable { release_off_pool(std::move(release)); });
}

}  // namespace headrace::frame
