#pragma once

#include "frame/executor/source.h"

namespace headrace::frame {

/// Where a pipeline's rows are gathered. All calls may come at the same time from different workers, those of one task one after the other.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<void> add(size_t worker, size_t task, Morsel morsel) = 0;
  /// All rows of a task have come.
  virtual Result<void> end(size_t worker, size_t task) = 0;
  /// Whether a task may go on now.
  virtual bool wants(size_t task) const = 0;
  /// Whether no row that is to come changes anything any more.
  virtual bool is_full() const = 0;
};

}  // namespace headrace::frame
