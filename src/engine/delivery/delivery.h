#pragma once

#include <functional>
#include <span>
#include <utility>

#include "engine/engine.h"
#include "engine/schedule/active_request.h"

namespace headrace::engine {

/// Turns sampled tokens into text and events. Used by the engine's thread only.
class Delivery {
 public:
  /// `before_last` is called before each request's last event, so that whoever has heard
  /// that one finds it counted.
  Delivery(EngineStats& stats, std::function<void()> before_last) : stats_(stats), before_last_(std::move(before_last)) {}

  /// Appends a token to a sequence and sends what it makes certain. Afterwards
  /// `sequence.ended()` says whether it was the choice's last; with the request's last
  /// one, its last event is sent.
  void token(Sequence& sequence, model::SampleOutput&& sampled, double now);

  /// Keeps the logprobs of prompt tokens `first`, `first` + 1, … until the first event.
  void prompt_logprobs(ActiveRequest& request, uint32_t first, std::span<model::SampleOutput> rows);

  /// Ends every choice that has not ended yet, Cancelled or Failed.
  void end(ActiveRequest& request, FinishReason reason, const Error* error, double now);

 private:
  void take_time(Sequence& sequence, double now);
  void take_text(Sequence& sequence, TokenId token);
  void flush_text(Sequence& sequence);
  void close_choice(Sequence& sequence, double now);
  void send_best(ActiveRequest& request);
  void send(ActiveRequest& request, Event& event);
  void count_end(const ActiveRequest& request, FinishReason reason, double now);

  EngineStats& stats_;
  std::function<void()> before_last_;
};

}  // namespace headrace::engine
