#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "model/step_trace.h"

namespace headrace::cli {

/// Steps recorded while one case of the benchmark ran.
struct TracedCase {
  std::string title;  ///< "decode, 16 streams"
  uint32_t steps = 0;
  std::vector<std::vector<model::StepTrace::Event>> threads;
};

/// A case's time by operation, all layers together.
struct OperationTime {
  std::string name;
  double ms_of_step = 0;    ///< thread time of a step, divided by the threads
  double share = 0;         ///< of all thread time
  double bytes_per_s = 0;   ///< of weights, by the time of all threads together
  double ops_per_s = 0;     ///< multiplications and additions, likewise
};

/// The operations in the plan's order, then "waiting" and "between steps".
std::vector<OperationTime> times_of(const TracedCase& traced, const std::vector<model::StepTrace::Operation>& operations);

/// Writes the cases as one file in Chrome's trace format: a process for each case, a row for each thread.
/// about:tracing and ui.perfetto.dev open it. Io names the file.
Result<void> write_trace(const std::string& path, const std::vector<TracedCase>& cases,
                         const std::vector<model::StepTrace::Operation>& operations);

}  // namespace headrace::cli
