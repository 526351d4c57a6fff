#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "frame/plan.h"
#include "python/errors.h"
#include "python/interruptible.h"

namespace headrace::python {

/// How long a query that was cancelled may take to put its files away before Python goes on without it.
inline constexpr auto kFarewell = std::chrono::milliseconds(60);

/// Calls work(flag) without the GIL; Ctrl-C raises the flag and leaves the work to end by it.
template <class Work>
auto run_cancellably(Work work) {
  struct Ended {
    std::promise<void> promise;
    ~Ended() { promise.set_value(); }
  };
  struct RaiseAtEnd {
    std::shared_ptr<std::atomic<bool>> flag = std::make_shared<std::atomic<bool>>(false);
    std::future<void> ended;
    ~RaiseAtEnd() {
      *flag = true;
      const nanobind::gil_scoped_release released;
      ended.wait_for(kFarewell);
    }
  } cancelled;
  auto ended = std::make_unique<Ended>();
  cancelled.ended = ended->promise.get_future();
  return run_interruptibly([work = std::move(work), flag = cancelled.flag, ended = std::move(ended)]() mutable {
    const auto at_end = std::move(ended);
    return work(flag);
  });
}

inline frame::QueryOptions query_options(nanobind::handle memory, std::optional<size_t> threads, bool optimised) {
  if (threads == 0) throw nanobind::value_error("a query needs one thread at least");
  uint64_t bytes = MemoryBudget::kUnlimited;
  if (nanobind::isinstance<nanobind::str>(memory)) {
    bytes = value_or_raise(parse_bytes(nanobind::cast<std::string>(memory)));
  } else if (!memory.is_none()) {
    bytes = nanobind::cast<uint64_t>(memory);
  }
  return {.memory_bytes = bytes, .threads = threads.value_or(0), .optimise = optimised};
}

}  // namespace headrace::python
