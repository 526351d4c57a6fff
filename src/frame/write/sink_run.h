#pragma once

#include "frame/data_frame.h"
#include "frame/sink.h"

namespace headrace::frame {

/// Takes a plan's rows in order and puts them out in a format.
class FrameWriter {
 public:
  virtual ~FrameWriter() = default;
  /// What it needs for them is reserved in the budget.
  virtual Result<void> write(const DataFrame& rows, const std::shared_ptr<MemoryBudget>& budget) = 0;
  /// All rows have come.
  virtual Result<void> finish() = 0;
};

/// Runs a plan into a writer, so many rows at a time. What an error leaves unfinished is taken back by the writer's end.
Result<void> run_into(const Plan& plan, const QueryOptions& query, size_t rows, FrameWriter& writer);

}  // namespace headrace::frame
