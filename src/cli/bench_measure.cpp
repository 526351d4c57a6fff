#include "cli/bench_measure.h"

#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "cli/bench_random.h"
#include "cli/interrupt.h"

namespace headrace::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// Wall clock and CPU time of the whole process at one moment.
struct Moment {
  Clock::time_point wall;
  double cpu_seconds;

  static Moment now() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
    return {Clock::now(), seconds(usage.ru_utime) + seconds(usage.ru_stime)};
  }
};

BenchMeasure between(const Moment& begin, const Moment& end, double tokens) {
  return {tokens / std::chrono::duration<double>(end.wall - begin.wall).count(), (end.cpu_seconds - begin.cpu_seconds) / tokens};
}

/// Follows the events of all streams, on the engine's thread, and measures between the
/// first stream's tokens: steps give every stream one token, in an order that stays the
/// same, so from one of its tokens to a later one lies a whole number of steps.
class Watch {
 public:
  Watch(const BenchCase& bench_case, model::StepTrace* trace, uint32_t traced_steps)
      : case_(bench_case), trace_(trace), traced_steps_(traced_steps), begun_(bench_case.streams), begin_(Moment::now()) {
    if (case_.test == BenchCase::Test::Prefill) arm();
  }

  void take(uint32_t stream, const engine::Event& event) {
    const std::lock_guard lock(mutex_);
    if (event.error) error_ = event.error;
    if (event.done) ++ended_;
    if (!event.tokens.empty() && !measured_) count(stream, event.tokens.size());
    changed_.notify_one();
  }

  /// Waits for the measure.
  Result<BenchMeasure> wait() {
    std::unique_lock lock(mutex_);
    while (!measured_ && !error_ && ended_ < case_.streams) {
      changed_.wait_for(lock, std::chrono::milliseconds(50));
      if (InterruptGuard::interrupted()) return fail(ErrorKind::Cancelled, "the benchmark was interrupted");
    }
    if (error_) return std::unexpected(*error_);
    if (!measured_) return fail(ErrorKind::Internal, "the streams ended before they could be measured");
    return *measured_;
  }

  void wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [this] { return ended_ == case_.streams; });
  }

 private:
  void arm() {
    if (trace_ != nullptr) trace_->arm(traced_steps_);
  }

  void count(uint32_t stream, size_t tokens) {
    if (case_.test == BenchCase::Test::Prefill) {
      measured_ = between(begin_, Moment::now(), case_.prompt);
      return;
    }
    if (open_) {
      counted_ += tokens;
      if (stream == 0) steps_ += tokens;
      if (steps_ >= case_.generate) measured_ = between(begin_, Moment::now(), static_cast<double>(counted_));
      return;
    }
    if (!begun_[stream]) {
      begun_[stream] = true;
      ++begun_count_;
    }
    if (begun_count_ < case_.streams || stream != 0) return;
    open_ = true;
    arm();
    begin_ = Moment::now();
  }

  const BenchCase case_;
  model::StepTrace* const trace_;
  const uint32_t traced_steps_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> begun_;
  uint32_t begun_count_ = 0;
  uint32_t ended_ = 0;
  bool open_ = false;
  uint64_t steps_ = 0;
  uint64_t counted_ = 0;
  Moment begin_;
  std::optional<BenchMeasure> measured_;
  std::optional<Error> error_;
};

/// Any prompt will do, so long as no two are alike.
std::vector<text::TokenId> random_prompt(const text::Tokenizer& tokenizer, uint32_t length, uint64_t seed) {
  std::vector<text::TokenId> ids;
  while (ids.size() < length) {
    const auto id = static_cast<text::TokenId>(next_random(seed) % tokenizer.vocabulary_size());
    if (tokenizer.kind(id) == text::TokenKind::Normal) ids.push_back(id);
  }
  return ids;
}

}  // namespace

uint32_t decode_slack(const BenchCase& bench_case, uint32_t step_tokens) {
  if (bench_case.test == BenchCase::Test::Prefill || bench_case.streams == 1) return 4;
  const uint32_t chunk = step_tokens > bench_case.streams + 16 ? step_tokens - bench_case.streams : 16;
  return bench_case.streams * bench_case.prompt / chunk + 16;
}

Result<BenchMeasure> measure(engine::Engine& engine, const BenchCase& bench_case, uint32_t step_tokens, uint64_t seed,
                             model::StepTrace* trace, uint32_t traced_steps) {
  const bool prefill = bench_case.test == BenchCase::Test::Prefill;
  std::vector<engine::Request> requests(bench_case.streams);
  for (uint32_t i = 0; i < bench_case.streams; ++i) {
    requests[i].prompt = random_prompt(*engine.model()->tokenizer(), bench_case.context_before(), seed * 1000003 + i);
    requests[i].sampling.temperature = 0;
    requests[i].ignore_eos = true;
    requests[i].max_tokens = prefill ? 1 : bench_case.generate + decode_slack(bench_case, step_tokens);
  }
  const auto watch = std::make_shared<Watch>(bench_case, trace, traced_steps);
  std::vector<engine::Engine::RequestId> ids;
  for (uint32_t i = 0; i < bench_case.streams; ++i) {
    const auto sink = [watch, i](engine::Event&& event) {
      watch->take(i, event);
      return true;
    };
    HR_TRY(const auto id, engine.submit(std::move(requests[i]), sink));
    ids.push_back(id);
  }
  auto measured = watch->wait();
  for (const auto id : ids) engine.cancel(id);
  if (measured) watch->wait_for_end();
  return measured;
}

}  // namespace headrace::cli
