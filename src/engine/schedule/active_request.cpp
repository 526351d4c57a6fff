#include "engine/schedule/active_request.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "engine/schedule/token_counts.h"

namespace headrace::engine {
namespace {

uint64_t fresh_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

/// Bit i set: token i does not end a choice of this request.
std::vector<uint32_t> mask_of_tokens_that_go_on(const ActiveRequest& request, uint32_t vocabulary) {
  std::vector<uint32_t> mask((vocabulary + 31) / 32, ~0u);
  auto forbid = [&](TokenId id) {
    if (id < vocabulary) mask[id / 32] &= ~(1u << id % 32);
  };
  if (!request.request.ignore_eos) std::ranges::for_each(request.tokenizer.end_of_generation(), forbid);
  std::ranges::for_each(request.request.stop_tokens, forbid);
  return mask;
}

}  // namespace

Sequence::Sequence(ActiveRequest& owner, uint32_t choice_index, std::vector<TokenId> known_tokens,
                   text::StreamDecoder stream)
    : request(&owner),
      choice(choice_index),
      tokens(std::move(known_tokens)),
      prompt_tokens(static_cast<uint32_t>(owner.request.prompt.size())),
      decoder(std::move(stream)),
      stop(owner.request.stop, owner.request.include_stop) {
  // No allocation per token later on: the lists get their final size here. Memory that
  // is reserved and never reached is never touched.
  const size_t longest = size_t{prompt_tokens} + owner.request.max_tokens;
  tokens.reserve(longest);
  pages.reserve(longest / kPageTokens + 1);
  if (owner.penalises()) counts = count_tokens(std::span(tokens).first(prompt_tokens));
  pending.choice = choice;
  pending.text.reserve(64);
  pending.tokens.reserve(4);
}

ActiveRequest::ActiveRequest(Request asked, EventSink event_sink, const text::Tokenizer& tokens, uint32_t vocabulary)
    : request(std::move(asked)),
      sink(std::move(event_sink)),
      seed(request.seed ? *request.seed : fresh_seed()),
      tokenizer(tokens),
      unfinished(request.best_of) {
  choices.reserve(request.best_of);
  choices.push_back(
      std::make_unique<Sequence>(*this, 0, request.prompt, tokenizer.stream_decoder({.skip_special = request.skip_special})));
  choices[0]->prompt_scored = !wants_prompt_logprobs() || request.prompt.size() < 2;
  usage.prompt_tokens = static_cast<uint32_t>(request.prompt.size());
  if (request.min_tokens > 0) allowed_mask = mask_of_tokens_that_go_on(*this, vocabulary);
  if (!request.echo) return;
  const float unknown = std::numeric_limits<float>::quiet_NaN();
  for (const TokenId token : request.prompt) prompt_outputs.push_back({.id = token, .logprob = unknown, .top = {}});
}

bool ActiveRequest::penalises() const {
  const auto& sampling = request.sampling;
  return sampling.repetition_penalty != 1.0f || sampling.presence_penalty != 0.0f || sampling.frequency_penalty != 0.0f;
}

bool ActiveRequest::ends_at(TokenId token) const {
  return (!request.ignore_eos && tokenizer.ends_generation(token)) ||
         std::find(request.stop_tokens.begin(), request.stop_tokens.end(), token) != request.stop_tokens.end();
}

}  // namespace headrace::engine
