#include "base/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/cpu_features.h"

namespace headrace {

using Task = std::function<void()>;

struct ThreadPool::State {
  struct Queue {
    std::mutex mutex;
    std::deque<Task> tasks;
  };
  explicit State(int threads) : queues(static_cast<size_t>(threads)) {}

  std::vector<Queue> queues;
  std::vector<std::thread> workers;
  std::mutex mutex;  // guards workers' start and sleep
  std::condition_variable wake;
  size_t queued = 0;  // tasks in all queues; guarded by mutex
  bool closing = false;
  std::atomic<size_t> next_queue{0};

  void push(Task task);
  bool take(size_t own, Task& task);
  void work(size_t own);
};

namespace {

/// Which queue of which pool the running thread owns.
thread_local const void* current_pool = nullptr;
thread_local size_t current_queue = 0;

int process_threads() {
  const char* setting = std::getenv("HEADRACE_THREADS");
  const int wanted = setting == nullptr ? 0 : std::atoi(setting);
  return wanted > 0 ? std::min(wanted, 1024) : usable_cpus();
}

std::atomic<ThreadPool*> process_pool{nullptr};

}  // namespace

void ThreadPool::State::push(Task task) {
  const size_t queue = current_pool == this ? current_queue : next_queue.fetch_add(1) % queues.size();
  {
    const std::lock_guard lock(queues[queue].mutex);
    queues[queue].tasks.push_back(std::move(task));
  }
  const std::lock_guard lock(mutex);
  ++queued;
  if (workers.empty()) {
    for (size_t i = 0; i < queues.size(); ++i) workers.emplace_back([this, i] { work(i); });
  }
  wake.notify_one();
}

bool ThreadPool::State::take(size_t own, Task& task) {
  for (size_t i = 0; i < queues.size(); ++i) {
    Queue& queue = queues[(own + i) % queues.size()];
    const std::lock_guard lock(queue.mutex);
    if (queue.tasks.empty()) continue;
    if (i == 0) {
      task = std::move(queue.tasks.back());
      queue.tasks.pop_back();
    } else {
      task = std::move(queue.tasks.front());
      queue.tasks.pop_front();
    }
    return true;
  }
  return false;
}

void ThreadPool::State::work(size_t own) {
  current_pool = this;
  current_queue = own;
  Task task;
  for (;;) {
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return queued != 0 || closing; });
      if (queued == 0) return;
      --queued;  // one task is now ours, in whichever queue it lies
    }
    while (!take(own, task)) std::this_thread::yield();
    task();
    task = nullptr;
  }
}

ThreadPool& ThreadPool::process() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] {
    process_pool.store(nullptr);  // the parent's threads are not here: start afresh, leave the old one behind
    current_pool = nullptr;
  });
  (void)registered;
  ThreadPool* pool = process_pool.load();
  if (pool == nullptr) {
    auto fresh = std::make_unique<ThreadPool>(process_threads());
    if (process_pool.compare_exchange_strong(pool, fresh.get())) pool = fresh.release();
  }
  return *pool;
}

ThreadPool::ThreadPool(int threads) : state_(std::make_shared<State>(std::max(1, threads))) {}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
    state_->wake.notify_all();
  }
  for (std::thread& worker : state_->workers) worker.join();
}

bool ThreadPool::is_worker() { return current_pool != nullptr; }

int ThreadPool::threads() const { return static_cast<int>(state_->queues.size()); }

void ThreadPool::submit(Task task) { state_->push(std::move(task)); }

void ThreadPool::parallel_for(size_t count, size_t grain, const std::function<void(size_t, size_t)>& body) {
  if (count == 0) return;
  grain = std::max<size_t>(grain, 1);
  const size_t chunks = (count + grain - 1) / grain;
  // The caller takes chunks too and waits only for those that others have begun, so
  // that nesting cannot deadlock. Late helpers find nothing left and touch no body.
  struct Shared {
    std::atomic<size_t> next{0};
    std::atomic<size_t> done{0};
    std::mutex mutex;
    std::condition_variable finished;
  };
  auto shared = std::make_shared<Shared>();
  const auto run = [shared, chunks, count, grain, &body] {
    for (;;) {
      const size_t chunk = shared->next.fetch_add(1);
      if (chunk >= chunks) return;
      body(chunk * grain, std::min(count, (chunk + 1) * grain));
      if (shared->done.fetch_add(1) + 1 == chunks) {
        const std::lock_guard lock(shared->mutex);
        shared->finished.notify_all();
      }
    }
  };
  const size_t helpers = std::min(chunks, static_cast<size_t>(threads())) - 1;
  for (size_t i = 0; i < helpers; ++i) submit(run);
  run();
  std::unique_lock lock(shared->mutex);
  shared->finished.wait(lock, [&] { return shared->done.load() == chunks; });
}

}  // namespace headrace
