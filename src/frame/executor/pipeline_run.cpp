#include "frame/executor/pipeline_run.h"

#include <algorithm>
#include <utility>

#include "base/thread_pool.h"

namespace headrace::frame {

PipelineRun::PipelineRun(const Pipeline& pipeline, Sink& sink)
    : pipeline_(pipeline), sink_(sink), slots_(std::clamp<size_t>(pipeline.source->tasks(), 1, pipeline.query->workers)) {}

Result<void> PipelineRun::work() {
  ThreadPool::process().parallel_for(slots_.size(), 1, [this](size_t begin, size_t end) {
    for (size_t worker = begin; worker < end; ++worker) work(worker);
  });
  if (pipeline_.query->is_cancelled()) return fail(ErrorKind::Cancelled, "The query was cancelled.");
  return {};
}

void PipelineRun::fail_at(size_t task, Error error) {
  const std::lock_guard lock(mutex_);
  if (failure_ && failure_->task <= task) return;
  failure_ = Failure{task, std::move(error)};
  failed_ = task;
}

Result<void> PipelineRun::step(size_t worker, Slot& slot) {
  const size_t number = *slot.number;
  if (!slot.task) {
    HR_TRY(auto source, pipeline_.source->begin(number));
    slot.task = std::make_unique<PipelineTask>(pipeline_, std::move(source));
  }
  HR_TRY(const bool more, slot.task->step([&](Morsel morsel) { return sink_.add(worker, number, std::move(morsel)); }));
  if (more) return {};
  slot.task.reset();
  slot.number.reset();
  return sink_.end(worker, number);
}

void PipelineRun::work(size_t worker) {
  Slot& slot = slots_[worker];
  while (!pipeline_.query->is_cancelled() && !sink_.is_full()) {
    if (!slot.number) {
      const size_t number = next_.load() < pipeline_.source->tasks() ? next_.fetch_add(1) : SIZE_MAX;
      if (number >= pipeline_.source->tasks()) return;
      slot.number = number;
    }
    const size_t number = *slot.number;
    // What comes behind a failure counts no more; what comes before it may fail still.
    if (number >= failed_.load() || !sink_.wants(number)) return;
    if (auto done = step(worker, slot); !done) return fail_at(number, std::move(done).error());
  }
}

}  // namespace headrace::frame
