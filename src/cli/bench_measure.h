#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "model/step_trace.h"

namespace headrace::cli {

/// What one line of `headrace bench` measures.
struct BenchCase {
  enum class Test : uint8_t { Prefill, Decode };
  Test test = Test::Prefill;
  uint32_t streams = 1;
  uint32_t prompt = 0;    ///< tokens of each stream's own prompt
  uint32_t generate = 0;  ///< tokens measured for each stream
  uint32_t depth = 0;     ///< tokens in the context before that, one stream only

  uint32_t context_before() const { return depth != 0 ? depth : prompt; }
};

struct BenchMeasure {
  double tokens_per_s = 0;
  double cpu_s_per_token = 0;
};

/// How many more tokens than `generate` a stream may make while others are still
/// being prefilled; the room for keys and values has to hold them too.
uint32_t decode_slack(const BenchCase& bench_case, uint32_t step_tokens);

/// Measures a case once, through the engine: greedy, without an end, on random prompts
/// that differ between streams. Prefill is the time from submission to the first token;
/// decode begins when every stream has its first token and ends `generate` steps later.
/// A `trace` is armed for `traced_steps` steps when the measured time begins.
Result<BenchMeasure> measure(engine::Engine& engine, const BenchCase& bench_case, uint32_t step_tokens, uint64_t seed,
                             model::StepTrace* trace = nullptr, uint32_t traced_steps = 0);

}  // namespace headrace::cli
