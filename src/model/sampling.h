#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "text/tokenizer.h"

namespace headrace::model {

/// How the next token is picked. The steps run in this order: logit bias;
/// repetition, presence and frequency penalties; temperature; top-k; typical;
/// top-p; min-p; then the draw (or the arg max at temperature 0).
struct SamplingParameters {
  float temperature = 1.0f;          ///< 0: the arg max, lowest id on ties
  uint32_t top_k = 0;                ///< 0: off
  float typical_p = 1.0f;            ///< 1: off
  float top_p = 1.0f;                ///< 1: off
  float min_p = 0.0f;                ///< 0: off
  float repetition_penalty = 1.0f;   ///< over prompt and output; 1: off
  float presence_penalty = 0.0f;     ///< over output
  float frequency_penalty = 0.0f;    ///< over output, per occurrence
  std::vector<std::pair<text::TokenId, float>> logit_bias;
};

/// How often a token occurs, for the penalties.
struct TokenCount {
  text::TokenId id = 0;
  uint32_t in_prompt = 0;
  uint32_t in_output = 0;
};

/// What one row of logits is sampled with. The draw is Philox(seed, choice,
/// position): the same request gives the same token whatever runs beside it.
struct SampleInput {
  const SamplingParameters* parameters = nullptr;
  uint64_t seed = 0;
  uint32_t choice = 0;
  uint32_t position = 0;                        ///< of the token that is picked
  std::span<const TokenCount> counts = {};      ///< empty unless a penalty is on
  std::span<const uint32_t> allowed_mask = {};  ///< bit i set: token i may be picked; empty: all
  uint32_t top_logprobs = 0;                    ///< how many of the most likely to report
  bool logprob = false;                         ///< report the picked token's (raw logits)
};

struct TokenLogprob {
  text::TokenId id = 0;
  float logprob = 0;
};

struct SampleOutput {
  text::TokenId id = 0;
  float logprob = 0;
  std::vector<TokenLogprob> top;  ///< most likely first; raw logits, before every change
};

}  // namespace headrace::model
