#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/pages/prefix_cache.h"
#include "engine/request.h"
#include "engine/delivery/stop_matcher.h"
#include "model/sampling.h"
#include "text/tokenizer.h"

namespace headrace::engine {

struct ActiveRequest;

/// One choice of a request on its way: its tokens, the pages that hold the keys and
/// values of the first `computed` of them, and what has been made of its text. A
/// sequence without pages waits; one with pages runs.
struct Sequence {
  Sequence(ActiveRequest& owner, uint32_t choice_index, std::vector<TokenId> known_tokens, text::StreamDecoder stream);

  ActiveRequest* request;
  uint32_t choice;

  std::vector<TokenId> tokens;    ///< prompt, then output
  uint32_t prompt_tokens;         ///< how many of `tokens` are the prompt
  uint32_t computed = 0;          ///< tokens whose keys and values lie in `pages`
  std::vector<uint32_t> pages;    ///< page i holds positions 16 i … 16 i + 15
  uint32_t published = 0;         ///< leading pages that the prefix cache knows
  bool running = false;
  bool preempted = false;         ///< has lost its pages once
  bool prompt_scored = true;      ///< false while prompt logprobs are still to be computed

  std::vector<model::TokenCount> counts;  ///< by id, ascending; kept only with a penalty
  text::StreamDecoder decoder;
  StopMatcher stop;
  double logprob_sum = 0;
  double last_token_at = 0;       ///< seconds on the engine's clock
  FinishReason finish = FinishReason::None;

  Event pending;                  ///< news not delivered yet; the whole choice with best_of > n

  uint32_t output_tokens() const { return static_cast<uint32_t>(tokens.size()) - prompt_tokens; }
  /// Tokens that the model has not seen yet; 1 is a decode.
  uint32_t uncomputed() const { return static_cast<uint32_t>(tokens.size()) - computed; }
  bool ended() const { return finish != FinishReason::None; }
};

}  // namespace headrace::engine
