#include "cli/run_request.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "cli/interrupt.h"

namespace headrace::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// Carries events from the engine's thread to the one that prints them. Shared by
/// both, so that either may leave first.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<engine::Event> events;
  bool abandoned = false;

  bool put(engine::Event&& event) {
    const std::lock_guard lock(mutex);
    events.push_back(std::move(event));
    arrived.notify_one();
    return !abandoned;
  }

  /// Waits a little; an empty queue means that nothing came.
  std::deque<engine::Event> take() {
    std::unique_lock lock(mutex);
    arrived.wait_for(lock, std::chrono::milliseconds(20), [this] { return !events.empty(); });
    return std::exchange(events, {});
  }

  void abandon() {
    const std::lock_guard lock(mutex);
    abandoned = true;
  }
};

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

}  // namespace

Result<Outcome> run_request(engine::Engine& engine, engine::Request request,
                            const std::function<void(const engine::Event&)>& show) {
  const auto mailbox = std::make_shared<Mailbox>();
  const auto begin = Clock::now();
  HR_TRY(const auto id, engine.submit(std::move(request), [mailbox](engine::Event&& event) { return mailbox->put(std::move(event)); }));
  Outcome outcome;
  for (;;) {
    for (const auto& event : mailbox->take()) {
      if (outcome.first_token_seconds == 0 && !event.tokens.empty()) outcome.first_token_seconds = seconds_since(begin);
      if (event.error) return std::unexpected(*event.error);
      show(event);
      if (!event.done) continue;
      outcome.usage = event.usage;
      outcome.seconds = seconds_since(begin);
      return outcome;
    }
    if (InterruptGuard::interrupted()) {
      mailbox->abandon();
      engine.cancel(id);
      outcome.interrupted = true;
      outcome.seconds = seconds_since(begin);
      return outcome;
    }
  }
}

}  // namespace headrace::cli
