#include "engine/schedule/chunk_rule.h"

#include <algorithm>
#include <bit>

namespace headrace::engine {
namespace {

/// Moves an average towards a sample; one stalled step counts four times the average at most.
void average(double& mean, double sample, double weight) {
  if (mean == 0) {
    mean = sample;
    return;
  }
  mean += weight * (std::min(sample, 4 * mean) - mean);
}

uint32_t bounded(double tokens, uint32_t low, uint32_t high) {
  if (!(tokens > low)) return std::min(low, high);
  return tokens < high ? static_cast<uint32_t>(tokens) : high;
}

}  // namespace

size_t ChunkRule::bucket(uint32_t decodes) { return std::bit_width(decodes); }

uint32_t ChunkRule::alone() const {
  constexpr uint32_t kEfficient = 64;  // fewer rows waste the weights that a pass reads
  if (alone_seconds_ == 0) return limits_.step_tokens;
  return bounded(limits_.prefill_step_seconds / alone_seconds_, kEfficient, limits_.step_tokens);
}

uint32_t ChunkRule::prompt_tokens(uint32_t decodes, uint32_t prompts) const {
  if (decodes == 0) return alone();
  const DecodeTime& decode = decode_[bucket(decodes)];
  if (decode.mixed_steps >= kProbeInterval) return 0;
  const uint32_t room = std::max(limits_.min_chunk_tokens, limits_.step_tokens - std::min(decodes, limits_.step_tokens));
  const double per_token = mixed_seconds_ > 0 ? mixed_seconds_ : alone_seconds_;
  if (per_token == 0) return limits_.min_chunk_tokens;
  const double ratio = prompts > decodes ? limits_.burst_step_ratio : limits_.mixed_step_ratio;
  return bounded((ratio - 1) * decode.seconds / per_token, limits_.min_chunk_tokens, room);
}

void ChunkRule::record(uint32_t decodes, uint32_t prompt_tokens, double seconds) {
  if (decodes == 0) {
    if (prompt_tokens > 0) average(alone_seconds_, seconds / prompt_tokens, 0.25);
    return;
  }
  DecodeTime& decode = decode_[bucket(decodes)];
  if (prompt_tokens == 0) {
    average(decode.seconds, seconds, decode.mixed_steps > 0 ? 0.5 : 0.125);
    decode.mixed_steps = 0;
    return;
  }
  ++decode.mixed_steps;
  // A step faster than its decodes alone says that the decode time is stale; the next
  // probe mends that, until then a tenth of the step is put down to the prompt.
  const double prompt_seconds = std::max(seconds - decode.seconds, 0.1 * seconds);
  average(mixed_seconds_, prompt_seconds / prompt_tokens, 0.25);
}

}  // namespace headrace::engine
