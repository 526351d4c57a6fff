#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace headrace::python {

/// How long a wait goes on before Python's signal handlers get a chance.
inline constexpr auto kSlice = std::chrono::milliseconds(20);

/// Runs pending signal handlers; throws what they raise (KeyboardInterrupt).
inline void check_signals() {
  if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
}

/// Runs `work()` on a thread of its own and waits for its value without the GIL.
/// Ctrl-C leaves it behind: the work goes on to its end unseen, so it must own all
/// that it uses. `each_slice()` is called with the GIL every few milliseconds.
template <class Work, class EachSlice>
auto run_interruptibly(Work work, EachSlice each_slice) {
  using Value = decltype(work());
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Value> value;
    std::exception_ptr thrown;
    bool done = false;
  };
  const auto shared = std::make_shared<Shared>();
  std::thread([shared, work = std::move(work)]() mutable {
    std::optional<Value> value;
    std::exception_ptr thrown;
    try {
      value.emplace(work());
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(shared->mutex);
    shared->value = std::move(value);
    shared->thrown = thrown;
    shared->done = true;
    shared->changed.notify_one();
  }).detach();
  const auto slice = [&] {
    const nanobind::gil_scoped_release released;
    std::unique_lock lock(shared->mutex);
    return shared->changed.wait_for(lock, kSlice, [&] { return shared->done; });
  };
  while (!slice()) {
    each_slice();
    check_signals();
  }
  if (shared->thrown) std::rethrow_exception(shared->thrown);
  return *std::move(shared->value);
}

template <class Work>
auto run_interruptibly(Work work) {
  return run_interruptibly(std::move(work), [] {});
}

}  // namespace headrace::python
