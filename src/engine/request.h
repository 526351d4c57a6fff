#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/sampling.h"
#include "text/tokenizer.h"

namespace headrace::engine {

using text::TokenId;

/// What a client wants generated.
struct Request {
  std::vector<TokenId> prompt;               ///< at least one token
  model::SamplingParameters sampling;
  std::optional<uint64_t> seed;              ///< unset: a fresh one each time
  uint32_t max_tokens = 0;                   ///< 0: as many as the context holds
  uint32_t n = 1;                            ///< choices returned
  /// Choices generated; the best n by mean logprob are returned, ties by the lower
  /// number (no streaming above n). 1 means as many as n.
  uint32_t best_of = 1;
  std::vector<std::string> stop;             ///< texts that end a choice; not part of its text
  bool include_stop = false;                 ///< keep the stop text
  std::vector<TokenId> stop_tokens;          ///< further ids that end a choice
  bool ignore_eos = false;                   ///< go on after end-of-generation ids
  uint32_t min_tokens = 0;                   ///< no end before so many
  bool logprobs = false;
  uint32_t top_logprobs = 0;
  bool echo = false;                         ///< report the prompt's tokens (and logprobs) too
  bool skip_special = true;                  ///< leave control tokens out of the text
};

enum class FinishReason : uint8_t { None, Stop, Length, Cancelled, Failed };
const char* name(FinishReason reason);  ///< "stop", "length", "cancelled", "failed"

struct Usage {
  uint32_t prompt_tokens = 0;
  uint32_t completion_tokens = 0;
  uint32_t cached_tokens = 0;  ///< of the prompt's, found in the prefix cache
};

/// One generated (or, with echo, prompt) token and what is known of it.
struct TokenOutput {
  TokenId id = 0;
  float logprob = 0;                        ///< NaN for the first prompt token
  std::vector<model::TokenLogprob> top;
};

/// News of one choice. Text that may still turn out to be part of a stop text or of
/// an unfinished character is held back and comes with a later event.
struct Event {
  uint32_t choice = 0;
  std::string text;                         ///< to be appended
  /// Generated since the last event. The token that ends a choice (end of generation,
  /// stop token) is among them and counted, but has no text.
  std::vector<TokenOutput> tokens;
  FinishReason finish = FinishReason::None;
  std::string stop_text;                    ///< the stop string that was met, if any
  std::vector<TokenOutput> prompt;          ///< first event of choice 0, with echo
  /// Last event of the whole request only.
  bool done = false;
  Usage usage;
  std::optional<Error> error;               ///< with FinishReason::Failed
};

/// Receives a request's events, in order, on the engine's thread; must not block or
/// call into the engine other than Engine::cancel. Returning false (or throwing) cancels
/// the request, and the sink is not called again. Events are reused: what the sink does
/// not move away costs no allocation.
using EventSink = std::function<bool(Event&&)>;

}  // namespace headrace::engine
