#include "engine/engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "engine/loop/step_loop.h"
#include "engine/pages/pool_size.h"
#include "engine/schedule/request_check.h"

namespace headrace::engine {
namespace {

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint64_t physical_bytes() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE));
}

Result<void> check_options(const EngineOptions& options) {
  auto at_least = [](const char* field, double value, double least) -> Result<void> {
    if (value >= least) return {};
    return fail(ErrorKind::InvalidArgument, fmt::format("{} is {}, but must be {} or more", field, value, least));
  };
  HR_CHECK(at_least("step_tokens", options.step_tokens, 1));
  HR_CHECK(at_least("max_sequences", options.max_sequences, 1));
  HR_CHECK(at_least("max_queue", options.max_queue, 1));
  HR_CHECK(at_least("logits_rows", options.logits_rows, 1));
  HR_CHECK(at_least("min_chunk_tokens", options.min_chunk_tokens, 2));
  HR_CHECK(at_least("mixed_step_ratio", options.mixed_step_ratio, 1));
  HR_CHECK(at_least("burst_step_ratio", options.burst_step_ratio, 1));
  HR_CHECK(at_least("prefill_step_seconds", options.prefill_step_seconds, 0));
  constexpr uint32_t kMost = 1u << 20;
  if (options.step_tokens > kMost || options.max_sequences > kMost || options.min_chunk_tokens > kMost)
    return fail(ErrorKind::InvalidArgument,
                fmt::format("step_tokens, max_sequences and min_chunk_tokens must be at most {}", kMost));
  return {};
}

SchedulerLimits scheduler_limits(const EngineOptions& options) {
  return {.max_sequences = options.max_sequences,
          .prefix_cache = options.prefix_cache,
          .chunks = {.step_tokens = std::max(options.step_tokens, options.min_chunk_tokens),
                     .min_chunk_tokens = options.min_chunk_tokens,
                     .mixed_step_ratio = options.mixed_step_ratio,
                     .burst_step_ratio = options.burst_step_ratio,
                     .prefill_step_seconds = options.prefill_step_seconds}};
}

class ThreadedEngine final : public Engine {
 public:
  ThreadedEngine(std::shared_ptr<model::Model> model, const EngineOptions& options, const model::PagePool& pages,
                 uint32_t context)
      : state_(std::make_unique<State>(std::move(model), options, pages, context)) {
    state_->thread = std::thread([state = state_.get()] {
      while (state->inbox.wait(state->loop.idle())) state->loop.run_once();
      state->loop.end_all();
    });
  }

  ~ThreadedEngine() override {
    if (forked()) {
      // The thread stayed with the parent, perhaps asleep in a lock that is part of the
      // state: nothing of it can be destroyed here.
      (void)state_.release();
      return;
    }
    state_->inbox.stop();
    state_->thread.join();
  }

  Result<RequestId> submit(Request request, EventSink sink) override {
    HR_CHECK(check_fork());
    if (!sink) return fail(ErrorKind::InvalidArgument, "the event sink is empty, but must be a function");
    const uint32_t vocabulary = state_->model->info().vocabulary;
    HR_CHECK(check_request(request, state_->options, state_->context, vocabulary));
    try {
      auto active = std::make_unique<ActiveRequest>(std::move(request), std::move(sink), *state_->model->tokenizer(), vocabulary);
      active->submitted_at = seconds_now();
      return state_->inbox.add(std::move(active));
    } catch (const std::bad_alloc&) {
      return fail(ErrorKind::OutOfMemory, "there is no memory left for another request");
    }
  }

  void cancel(RequestId id) override {
    if (!forked()) state_->inbox.cancel(id);
  }

  bool drain(double seconds) override { return forked() || state_->inbox.drain(seconds); }

  Result<std::vector<float>> logits(std::span<const TokenId> tokens) override {
    HR_CHECK(check_fork());
    const uint64_t vocabulary = state_->model->info().vocabulary;
    if (tokens.size() > state_->context)
      return fail(ErrorKind::OutOfRange, fmt::format("this model's context is {} tokens, but logits of {} were asked for",
                                                     state_->context, tokens.size()));
    for (const TokenId id : tokens)
      if (id >= vocabulary)
        return fail(ErrorKind::InvalidArgument,
                    fmt::format("token {} is outside this model's vocabulary of {} tokens", id, vocabulary));
    HR_TRY(auto reserved, Reservation::take(state_->model->budget(), tokens.size() * vocabulary * sizeof(float)));
    std::vector<float> logits(tokens.size() * vocabulary);
    LogitsJob job{.tokens = tokens, .into = logits, .done = {}};
    std::future<Result<void>> done = job.done.get_future();
    HR_CHECK(state_->inbox.add(job));
    HR_CHECK(done.get());
    return logits;
  }

  EngineStats stats() const override {
    if (forked()) return {};
    return state_->loop.stats();
  }
  uint32_t context() const override { return state_->context; }
  const std::shared_ptr<model::Model>& model() const override { return state_->model; }

 private:
  struct State {
    State(std::shared_ptr<model::Model> served, const EngineOptions& chosen, const model::PagePool& pages, uint32_t longest)
        : model(std::move(served)),
          options(chosen),
          context(longest),
          inbox(chosen.max_queue),
          loop(*model, inbox, pages, scheduler_limits(chosen), chosen.logits_rows, seconds_now) {}
    std::shared_ptr<model::Model> model;
    EngineOptions options;
    uint32_t context;
    Inbox inbox;
    StepLoop loop;
    std::thread thread;
  };

  bool forked() const { return getpid() != process_; }
  Result<void> check_fork() const {
    if (!forked()) return {};
    return fail(ErrorKind::Unsupported,
                "this engine belongs to the parent of a fork and has no thread here; load the model again in the child");
  }

  pid_t process_ = getpid();
  std::unique_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create(std::shared_ptr<model::Model> model, const EngineOptions& options) {
  HR_CHECK(check_options(options));
  model::Backend& backend = model->backend();
  const uint64_t available = std::min(model->budget()->available_bytes(), physical_bytes() / 2);
  HR_TRY(const PoolSize size, choose_pool_size(options, model->info().context_length, backend.page_bytes(), available));
  const SchedulerLimits limits = scheduler_limits(options);
  const uint32_t max_rows = std::max(limits.chunks.step_tokens, limits.max_sequences + limits.chunks.min_chunk_tokens);
  HR_TRY(const model::PagePool pages, backend.prepare(size.pages, max_rows, std::min(options.logits_rows, max_rows)));
  if (uint64_t{pages.pages} * kPageTokens < size.context)
    return fail(ErrorKind::OutOfMemory, fmt::format("the backend has {} pages, but {} are needed for a context of {} tokens",
                                                    pages.pages, size.pages, size.context));
  log(LogLevel::Info, "engine", "{} pages of keys and values ({}), context {}", pages.pages,
      format_bytes(pages.pages * pages.page_bytes), size.context);
  try {
    return std::make_unique<ThreadedEngine>(std::move(model), options, pages, size.context);
  } catch (const std::exception& problem) {
    return fail(ErrorKind::OutOfMemory, fmt::format("the engine could not start: {}", problem.what()));
  }
}

}  // namespace headrace::engine
