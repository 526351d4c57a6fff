#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace headrace::engine {

/// The bounds within which prompts are cut into chunks; see EngineOptions.
struct ChunkLimits {
  uint32_t step_tokens = 512;
  uint32_t min_chunk_tokens = 4;
  double mixed_step_ratio = 1.8;
  double burst_step_ratio = 2.5;
  double prefill_step_seconds = 0.5;
};

/// Decides how many prompt tokens a step may carry beside its decodes, from what
/// earlier steps took. With decodes in the step:
///
///   chunk = (ratio − 1) × time of a step with only these decodes / time per prompt token,
///
/// at least `min_chunk_tokens`, at most what the decodes leave of `step_tokens`; so a
/// stream's tokens are at most `ratio` times as far apart while prompts arrive, and
/// prompts still get (ratio − 1) / ratio of the time. The ratio is `burst_step_ratio` when
/// more prompts wait than sequences decode, else `mixed_step_ratio`. Without decodes a step takes
/// `step_tokens`, or as many as `prefill_step_seconds` allow.
///
/// The time of decode-only steps is kept for each power of two of their number. Where
/// it is unknown, or 64 mixed steps old, the next step has no prompt tokens and
/// measures it.
class ChunkRule {
 public:
  explicit ChunkRule(const ChunkLimits& limits) : limits_(limits) {}

  /// Prompt tokens for a step with so many decodes while so many prompts wait.
  uint32_t prompt_tokens(uint32_t decodes, uint32_t prompts) const;
  /// What a step with so many decodes and prompt tokens took.
  void record(uint32_t decodes, uint32_t prompt_tokens, double seconds);

 private:
  static constexpr uint32_t kProbeInterval = 64;
  struct DecodeTime {
    double seconds = 0;
    uint32_t mixed_steps = kProbeInterval;  // since it was measured
  };
  static size_t bucket(uint32_t decodes);
  uint32_t alone() const;

  ChunkLimits limits_;
  std::array<DecodeTime, 33> decode_;
  double alone_seconds_ = 0;  // per prompt token, in steps without decodes
  double mixed_seconds_ = 0;  // per prompt token, beside decodes
};

}  // namespace headrace::engine
