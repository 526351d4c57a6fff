#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "engine/delivery/delivery.h"
#include "engine/engine.h"
#include "engine/loop/inbox.h"
#include "engine/schedule/scheduler.h"
#include "model/model.h"

namespace headrace::engine {

/// The engine's work, one step at a time: what its thread repeats. Everything but
/// `stats` belongs to one thread.
class StepLoop {
 public:
  using Clock = std::function<double()>;  ///< seconds since any moment

  /// `logits_rows`: rows of raw logits that the backend has room for.
  StepLoop(model::Model& model, Inbox& inbox, const model::PagePool& pages, const SchedulerLimits& limits,
           uint32_t logits_rows, Clock clock);

  /// Takes the news and runs one step. False when there was nothing to compute.
  bool run_once();
  /// Whether nothing is left to do until there is news.
  bool idle() const { return scheduler_.idle(); }
  /// Cancels everything, the queue included.
  void end_all();

  EngineStats stats() const;
  const Scheduler& scheduler() const { return scheduler_; }

 private:
  void take_news();
  void take_cancelled();
  void admit();
  Result<model::StepResult> compute(std::span<const Work> work);
  void build_step(std::span<const Work> work);
  void add_samples(const Sequence& sequence);
  void deliver(std::span<const Work> work, model::StepResult& result);
  void take_samples(Sequence& sequence, std::vector<model::SampleOutput>& samples, double now);
  void settle();
  void end(ActiveRequest& request, FinishReason reason, const Error* error);
  void forget(ActiveRequest& request);
  void fail_running(const Error& error);
  Result<void> compute_logits(std::span<const TokenId> tokens, std::span<float> into);
  void publish_stats();

  struct Fork {
    Sequence* parent;
    Sequence* child;
  };

  model::Backend& backend_;
  Inbox& inbox_;
  model::PagePool pages_;
  uint32_t vocabulary_;
  uint32_t logits_rows_;
  Clock clock_;
  Scheduler scheduler_;
  EngineStats stats_;
  Delivery delivery_;
  std::unordered_map<uint64_t, std::unique_ptr<ActiveRequest>> requests_;

  // Kept from step to step for their memory.
  News news_;
  std::vector<Sequence*> started_;
  model::Step step_;
  std::vector<model::SampleInput> samples_;
  std::vector<Fork> forks_;
  std::vector<Sequence*> ended_;
  std::vector<ActiveRequest*> finished_;
  std::vector<ActiveRequest*> cancelled_;

  mutable std::mutex stats_mutex_;
  EngineStats published_stats_;
};

}  // namespace headrace::engine
