#include "frame/windows/async_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/columns/concatenate.h"

namespace headrace::frame {
namespace {

/// Of the inputs of calls on their way.
constexpr uint64_t kMostBytes = uint64_t{64} << 20;
/// How long a wait goes on before the query's cancellation is looked at.
constexpr auto kSlice = std::chrono::milliseconds(20);

/// What calls and the one who waits for them share; it lives as long as either.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::optional<Result<Array>>> answers;
  std::vector<uint64_t> bytes;
  size_t running = 0;
  uint64_t running_bytes = 0;
  size_t first_failed = SIZE_MAX;
  std::shared_ptr<std::atomic<bool>> stopped = std::make_shared<std::atomic<bool>>(false);

  void answer(size_t call, Result<Array> result) {
    const std::lock_guard lock(mutex);
    if (answers[call]) return;
    if (!result) first_failed = std::min(first_failed, call);
    answers[call] = std::move(result);
    --running;
    running_bytes -= bytes[call];
    changed.notify_all();
  }
};

/// Waits until done(), or the query is cancelled.
template <class Done>
Result<void> wait(Shared& shared, std::unique_lock<std::mutex>& lock, const std::function<bool()>& is_cancelled,
                  const Done& done) {
  while (!done()) {
    if (is_cancelled && is_cancelled()) return fail(ErrorKind::Cancelled, "The query was cancelled.");
    shared.changed.wait_for(lock, kSlice);
  }
  return {};
}

/// Starts the calls, and waits for their answers; of those before a failed one all have come then.
Result<void> run(const ColumnFunction& function, std::span<const Array> inputs, size_t rows, size_t most,
                 const std::shared_ptr<Shared>& shared, const std::shared_ptr<MemoryBudget>& budget,
                 const std::function<bool()>& is_cancelled) {
  const size_t most_calls = std::max<size_t>(1, function.traits().most_calls);
  std::unique_lock lock(shared->mutex);
  for (size_t call = 0; call < shared->answers.size(); ++call) {
    const size_t begin = call * most, size = std::min(most, rows - begin);
    std::vector<Array> some;
    uint64_t bytes = 0;
    for (const Array& input : inputs) {
      some.push_back(input.slice(begin, size));
      bytes += some.back().live_bytes();
    }
    HR_CHECK(wait(*shared, lock, is_cancelled, [&] {
      const bool has_room = shared->running < most_calls && shared->running_bytes + bytes <= kMostBytes;
      return shared->running == 0 || has_room || shared->first_failed != SIZE_MAX;
    }));
    if (shared->first_failed != SIZE_MAX) break;
    shared->bytes[call] = bytes;
    shared->running_bytes += bytes;
    ++shared->running;
    lock.unlock();
    function.start(std::move(some), size, budget, shared->stopped,
                   [shared, call](Result<Array> result) { shared->answer(call, std::move(result)); });
    lock.lock();
  }
  return wait(*shared, lock, is_cancelled, [&] {
    const auto last =
        shared->answers.begin() + static_cast<ptrdiff_t>(std::min(shared->first_failed, shared->answers.size()));
    return std::all_of(shared->answers.begin(), last, [](const auto& answer) { return answer.has_value(); });
  });
}

}  // namespace

Result<Array> call_async(const ColumnFunction& function, std::span<const Array> inputs, size_t rows,
                         const DataType& type, const std::shared_ptr<MemoryBudget>& budget,
                         const std::function<bool()>& is_cancelled) {
  if (ThreadPool::is_worker())
    return fail(ErrorKind::Unsupported, fmt::format("{} was called by a thread that must not wait", function.name()));
  if (rows == 0) return Array::all_null(type, 0, budget);
  const size_t most = std::clamp<size_t>(function.traits().preferred_rows, 1, rows);
  const auto shared = std::make_shared<Shared>();
  shared->answers.resize((rows + most - 1) / most);
  shared->bytes.resize(shared->answers.size());
  const Result<void> done = run(function, inputs, rows, most, shared, budget, is_cancelled);
  *shared->stopped = true;
  HR_CHECK(done);
  const std::lock_guard lock(shared->mutex);
  std::vector<Array> made;
  for (size_t call = 0; call < shared->answers.size(); ++call) {
    HR_TRY(Array one, *std::move(shared->answers[call]));
    HR_CHECK(check_answer(function, one, type, std::min(most, rows - call * most)));
    made.push_back(std::move(one));
  }
  return concatenate(made, budget);
}

}  // namespace headrace::frame
