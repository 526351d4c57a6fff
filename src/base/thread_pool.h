#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace headrace {

/// Threads for independent tasks: each worker has a queue of its own, takes its newest
/// task first and steals the oldest of others when it has none. Threads start with
/// the first task. Kernel steps do not run here but on a ThreadTeam.
class ThreadPool {
 public:
  /// The one pool of the process, of usable_cpus() threads (HEADRACE_THREADS overrides).
  /// A forked child gets a fresh one on first use.
  static ThreadPool& process();

  explicit ThreadPool(int threads);
  /// Finishes the tasks that are queued, then joins.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  /// Whether the caller is a worker of some pool: it must not wait for what others may hold, such as an interpreter's lock.
  static bool is_worker();

  /// Queues a task; it must not throw. May be called from a task.
  void submit(std::function<void()> task);

  /// Calls body(begin, end) over chunks of `grain` out of [0, count), on the caller and
  /// the workers, and returns when all are done. May be nested.
  void parallel_for(size_t count, size_t grain, const std::function<void(size_t, size_t)>& body);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace headrace
