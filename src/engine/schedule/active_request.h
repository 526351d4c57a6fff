#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/request.h"
#include "engine/schedule/sequence.h"

namespace headrace::engine {

/// A request that was accepted, from submit to its last event. Made by the thread that
/// submits; from then on only the engine's thread touches it.
struct ActiveRequest {
  /// `asked` has passed check_request.
  ActiveRequest(Request asked, EventSink event_sink, const text::Tokenizer& tokens, uint32_t vocabulary);

  uint64_t id = 0;                ///< ascending in order of arrival
  Request request;
  EventSink sink;
  uint64_t seed;
  const text::Tokenizer& tokenizer;
  std::vector<std::unique_ptr<Sequence>> choices;  ///< one until the prompt is computed, then best_of
  uint32_t unfinished;            ///< choices without a finish reason, unmade ones included
  std::vector<uint32_t> allowed_mask;  ///< of tokens that do not end a choice; only with min_tokens
  std::vector<TokenOutput> prompt_outputs;  ///< echo, until the first event takes it
  Usage usage;
  double submitted_at = 0;        ///< seconds on the engine's clock
  double admitted_at = -1;        ///< negative: never yet
  double first_token_at = -1;
  bool cancelled = false;
  bool sink_closed = false;       ///< the sink returned false: nothing more is delivered

  /// Whether choices are delivered as they grow, or the best n at the end.
  bool streams() const { return request.best_of <= request.n; }
  bool wants_logprob() const { return request.logprobs || request.top_logprobs > 0 || !streams(); }
  bool wants_prompt_logprobs() const { return request.echo && (request.logprobs || request.top_logprobs > 0); }
  bool penalises() const;
  /// Ids that end a choice, whatever the tokens before.
  bool ends_at(TokenId token) const;
};

}  // namespace headrace::engine
