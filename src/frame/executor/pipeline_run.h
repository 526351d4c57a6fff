#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "frame/executor/pipeline.h"
#include "frame/executor/sink.h"

namespace headrace::frame {

/// A pipeline on its way into a sink, by all threads of the pool. Its source is open.
class PipelineRun {
 public:
  PipelineRun(const Pipeline& pipeline, Sink& sink);

  /// Works until nothing is left to do, or the sink wants nothing now. Errors wait for error(); Cancelled is told at once.
  Result<void> work();
  /// The error of the first task, in the order of rows, that has one, and which task that is.
  struct Failure {
    size_t task;
    Error error;
  };
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  /// What a worker is at; it waits here while the sink wants nothing.
  struct Slot {
    std::optional<size_t> number;
    std::unique_ptr<PipelineTask> task;
  };
  void work(size_t worker);
  /// Takes one step of the slot's task.
  Result<void> step(size_t worker, Slot& slot);
  void fail_at(size_t task, Error error);

  const Pipeline& pipeline_;
  Sink& sink_;
  std::vector<Slot> slots_;
  std::atomic<size_t> next_{0};
  std::atomic<size_t> failed_{SIZE_MAX};
  std::mutex mutex_;
  std::optional<Failure> failure_;
};

}  // namespace headrace::frame
