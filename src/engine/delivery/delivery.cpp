#include "engine/delivery/delivery.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/schedule/token_counts.h"

namespace headrace::engine {

void Delivery::token(Sequence& sequence, model::SampleOutput&& sampled, double now) {
  ActiveRequest& request = *sequence.request;
  const TokenId id = sampled.id;
  sequence.tokens.push_back(id);
  if (request.penalises()) count_output(sequence.counts, id);
  sequence.logprob_sum += sampled.logprob;
  sequence.pending.tokens.push_back({.id = id, .logprob = sampled.logprob, .top = std::move(sampled.top)});
  ++request.usage.completion_tokens;
  ++stats_.generation_tokens;
  take_time(sequence, now);

  take_text(sequence, id);
  if (sequence.ended()) close_choice(sequence, now);
  if (request.streams()) {
    send(request, sequence.pending);
  } else if (request.unfinished == 0) {
    send_best(request);
  }
}

void Delivery::take_time(Sequence& sequence, double now) {
  ActiveRequest& request = *sequence.request;
  if (request.first_token_at < 0) {
    request.first_token_at = now;
    stats_.time_to_first_token.add(now - request.submitted_at);
    stats_.prefill_time.add(now - request.admitted_at);
  } else if (sequence.output_tokens() > 1) {
    stats_.inter_token_latency.add(now - sequence.last_token_at);
  }
  sequence.last_token_at = now;
}

/// Adds the token's text to the pending event and decides whether the choice ends.
void Delivery::take_text(Sequence& sequence, TokenId token) {
  const Request& request = sequence.request->request;
  const bool may_end = sequence.output_tokens() >= request.min_tokens;
  if (may_end && sequence.request->ends_at(token)) {
    sequence.finish = FinishReason::Stop;
    flush_text(sequence);
    return;
  }
  const std::string_view piece = sequence.decoder.push(token);
  if (!may_end) {
    sequence.pending.text.append(piece);
  } else if (const std::string* met = sequence.stop.push(piece, sequence.pending.text)) {
    sequence.finish = FinishReason::Stop;
    sequence.pending.stop_text = *met;
    return;
  }
  if (sequence.output_tokens() < request.max_tokens) return;
  sequence.finish = FinishReason::Length;
  flush_text(sequence);
}

/// Nothing follows: what was held back is text, unless it completes a stop text.
void Delivery::flush_text(Sequence& sequence) {
  if (const std::string* met = sequence.stop.push(sequence.decoder.finish(), sequence.pending.text)) {
    sequence.finish = FinishReason::Stop;
    sequence.pending.stop_text = *met;
    return;
  }
  sequence.stop.finish(sequence.pending.text);
}

void Delivery::close_choice(Sequence& sequence, double now) {
  ActiveRequest& request = *sequence.request;
  sequence.pending.finish = sequence.finish;
  if (--request.unfinished == 0) count_end(request, sequence.finish, now);
}

/// All of best_of are there: the n with the highest mean logprob, ties by the lower number.
void Delivery::send_best(ActiveRequest& request) {
  std::vector<uint32_t> order(request.choices.size());
  std::iota(order.begin(), order.end(), 0u);
  auto mean = [&](uint32_t i) { return request.choices[i]->logprob_sum / request.choices[i]->output_tokens(); };
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return mean(a) > mean(b); });
  request.unfinished = request.request.n;
  for (uint32_t rank = 0; rank < request.request.n; ++rank) {
    Sequence& choice = *request.choices[order[rank]];
    --request.unfinished;
    choice.pending.choice = rank;
    if (!request.request.logprobs && request.request.top_logprobs == 0)
      for (TokenOutput& output : choice.pending.tokens) output.logprob = 0;
    send(request, choice.pending);
  }
}

void Delivery::prompt_logprobs(ActiveRequest& request, uint32_t first, std::span<model::SampleOutput> rows) {
  for (size_t i = 0; i < rows.size() && first + i < request.prompt_outputs.size(); ++i) {
    TokenOutput& output = request.prompt_outputs[first + i];
    output.logprob = rows[i].logprob;
    output.top = std::move(rows[i].top);
  }
}

void Delivery::end(ActiveRequest& request, FinishReason reason, const Error* error, double now) {
  count_end(request, reason, now);
  const uint32_t choices = request.streams() ? request.request.best_of : request.request.n;
  request.unfinished = 0;
  for (uint32_t i = 0; i < choices; ++i)
    request.unfinished += i >= request.choices.size() || !request.choices[i]->ended() || !request.streams();
  for (uint32_t i = 0; i < choices; ++i) {
    Event event;
    event.choice = i;
    if (i < request.choices.size() && request.streams()) {
      Sequence& choice = *request.choices[i];
      if (choice.ended()) continue;
      flush_text(choice);
      event = std::move(choice.pending);
      choice.finish = reason;
    }
    event.finish = reason;
    if (error) event.error = *error;
    --request.unfinished;
    send(request, event);
  }
}

void Delivery::send(ActiveRequest& request, Event& event) {
  if (event.choice == 0 && !request.prompt_outputs.empty()) event.prompt = std::exchange(request.prompt_outputs, {});
  if (request.unfinished == 0 && event.finish != FinishReason::None) {
    event.done = true;
    event.usage = request.usage;
    before_last_();
  }
  bool more = false;
  if (!request.sink_closed) {
    try {
      more = request.sink(std::move(event));
    } catch (...) {
      // A sink that throws wants no more.
    }
  }
  if (!more) request.sink_closed = request.cancelled = true;
  // A sink that only looked leaves the memory for the next event.
  event.text.clear();
  event.tokens.clear();
  event.prompt.clear();
}

void Delivery::count_end(const ActiveRequest& request, FinishReason reason, double now) {
  switch (reason) {
    case FinishReason::Stop: ++stats_.requests_stop; break;
    case FinishReason::Length: ++stats_.requests_length; break;
    case FinishReason::Cancelled: ++stats_.requests_cancelled; break;
    default: ++stats_.requests_failed;
  }
  stats_.e2e_latency.add(now - request.submitted_at);
  if (request.first_token_at >= 0) stats_.decode_time.add(now - request.first_token_at);
}

}  // namespace headrace::engine
