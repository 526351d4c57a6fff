#pragma once

#include <functional>

#include "base/error.h"
#include "engine/engine.h"

namespace headrace::cli {

struct Outcome {
  bool interrupted = false;  ///< Ctrl-C ended it; the request is cancelled within a step
  engine::Usage usage;
  double first_token_seconds = 0;  ///< from submission
  double seconds = 0;              ///< from submission to the end
};

/// Runs a request to its end and hands its events to `show`, in order, on the calling
/// thread. Returns at once when Ctrl-C is pressed (an InterruptGuard must live).
Result<Outcome> run_request(engine::Engine& engine, engine::Request request,
                            const std::function<void(const engine::Event&)>& show);

}  // namespace headrace::cli
