#include "engine/schedule/request_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace headrace::engine {
namespace {

template <class Value>
Result<void> refuse(const char* field, const Value& value, std::string_view allowed) {
  return fail(ErrorKind::InvalidArgument, fmt::format("{} is {}, but must be {}", field, value, allowed));
}

Result<void> check_number(const char* field, float value, bool holds, std::string_view allowed) {
  if (std::isfinite(value) && holds) return {};
  return refuse(field, value, allowed);
}

Result<void> check_tokens(const char* field, std::span<const TokenId> tokens, uint32_t vocabulary) {
  const auto outside = std::ranges::find_if(tokens, [&](TokenId id) { return id >= vocabulary; });
  if (outside == tokens.end()) return {};
  return fail(ErrorKind::InvalidArgument, fmt::format("{}[{}] is token {}, but this model's vocabulary has {} tokens", field,
                                                      outside - tokens.begin(), *outside, vocabulary));
}

Result<void> check_sampling(const model::SamplingParameters& sampling, uint32_t vocabulary) {
  const auto& s = sampling;
  HR_CHECK(check_number("temperature", s.temperature, s.temperature >= 0, "0 or more"));
  HR_CHECK(check_number("top_p", s.top_p, s.top_p > 0 && s.top_p <= 1, "above 0 and at most 1"));
  HR_CHECK(check_number("typical_p", s.typical_p, s.typical_p > 0 && s.typical_p <= 1, "above 0 and at most 1"));
  HR_CHECK(check_number("min_p", s.min_p, s.min_p >= 0 && s.min_p <= 1, "from 0 to 1"));
  HR_CHECK(check_number("repetition_penalty", s.repetition_penalty, s.repetition_penalty > 0, "above 0"));
  HR_CHECK(check_number("presence_penalty", s.presence_penalty, true, "a finite number"));
  HR_CHECK(check_number("frequency_penalty", s.frequency_penalty, true, "a finite number"));
  for (const auto& [id, bias] : s.logit_bias) {
    if (id >= vocabulary)
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("logit_bias names token {}, but this model's vocabulary has {} tokens", id, vocabulary));
    HR_CHECK(check_number("logit_bias", bias, true, "finite"));
  }
  return {};
}

Result<void> check_choices(Request& request, const EngineOptions& options) {
  const uint32_t most = std::min(options.max_choices, options.max_sequences);
  if (request.n < 1) return refuse("n", request.n, "1 or more");
  if (request.best_of == 1) request.best_of = request.n;
  if (request.best_of < request.n) return refuse("best_of", request.best_of, fmt::format("at least n, which is {}", request.n));
  if (request.best_of > most)
    return refuse(request.best_of == request.n ? "n" : "best_of", request.best_of, fmt::format("at most {}", most));
  return {};
}

Result<void> check_stops(const Request& request, const EngineOptions& options) {
  if (request.stop.size() > options.max_stop_texts)
    return refuse("the number of stop texts", request.stop.size(), fmt::format("at most {}", options.max_stop_texts));
  for (const std::string& stop : request.stop) {
    if (stop.empty()) return fail(ErrorKind::InvalidArgument, "a stop text is empty, but must have at least one character");
    if (stop.size() > options.max_stop_bytes)
      return refuse("the length of a stop text", stop.size(), fmt::format("at most {} bytes", options.max_stop_bytes));
  }
  return {};
}

Result<void> check_length(Request& request, uint32_t context) {
  const uint64_t prompt = request.prompt.size();
  const uint64_t wanted = std::max<uint64_t>(request.max_tokens, 1);
  if (prompt + wanted > context) {
    return fail(ErrorKind::OutOfRange,
                fmt::format("this model's context is {} tokens, but {} were asked for ({} in the prompt, {}{} to generate)",
                            context, prompt + wanted, prompt, request.max_tokens == 0 ? "at least " : "", wanted));
  }
  if (request.max_tokens == 0) request.max_tokens = static_cast<uint32_t>(context - prompt);
  if (request.min_tokens > request.max_tokens)
    return refuse("min_tokens", request.min_tokens, fmt::format("at most max_tokens, which is {}", request.max_tokens));
  return {};
}

}  // namespace

Result<void> check_request(Request& request, const EngineOptions& options, uint32_t context, uint32_t vocabulary) {
  if (request.prompt.empty()) return fail(ErrorKind::InvalidArgument, "the prompt is empty, but must have at least one token");
  HR_CHECK(check_sampling(request.sampling, vocabulary));
  HR_CHECK(check_choices(request, options));
  HR_CHECK(check_stops(request, options));
  const uint32_t most_logprobs = std::min(options.max_top_logprobs, vocabulary);
  if (request.top_logprobs > most_logprobs)
    return refuse("top_logprobs", request.top_logprobs, fmt::format("at most {}", most_logprobs));
  HR_CHECK(check_length(request, context));
  HR_CHECK(check_tokens("prompt", request.prompt, vocabulary));
  return check_tokens("stop_tokens", request.stop_tokens, vocabulary);
}

}  // namespace headrace::engine
