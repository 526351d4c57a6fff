#include "python/request_of.h"

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;

namespace headrace::python {
namespace {

template <class T>
T field(const nb::object& sampling, const char* name, const char* expected) {
  const nb::object value = sampling.attr(name);
  T result{};
  if (!nb::try_cast<T>(value, result)) {
    throw nb::type_error(fmt::format("Sampling.{} must be {}, not {}", name, expected, nb::repr(value).c_str()).c_str());
  }
  return result;
}

float number(const nb::object& sampling, const char* name) { return field<float>(sampling, name, "a number"); }
uint32_t count(const nb::object& sampling, const char* name) { return field<uint32_t>(sampling, name, "a whole number, 0 or more"); }
bool flag(const nb::object& sampling, const char* name) { return field<bool>(sampling, name, "True or False"); }

std::vector<std::string> stop_of(const nb::object& sampling) {
  const nb::object value = sampling.attr("stop");
  if (value.is_none()) return {};
  if (nb::isinstance<nb::str>(value)) return {nb::cast<std::string>(value)};
  return field<std::vector<std::string>>(sampling, "stop", "a text or a list of texts");
}

std::vector<std::pair<text::TokenId, float>> bias_of(const nb::object& sampling) {
  std::vector<std::pair<text::TokenId, float>> result;
  const nb::object value = sampling.attr("logit_bias");
  if (value.is_none()) return result;
  if (!nb::isinstance<nb::dict>(value)) throw nb::type_error("Sampling.logit_bias must be a dict from token ids to numbers");
  for (const auto [key, bias] : nb::cast<nb::dict>(value)) {
    text::TokenId id = 0;
    float number = 0;
    if (!nb::try_cast<text::TokenId>(key, id) || !nb::try_cast<float>(bias, number)) {
      throw nb::type_error("Sampling.logit_bias must be a dict from token ids to numbers");
    }
    result.emplace_back(id, number);
  }
  return result;
}

}  // namespace

engine::Request request_of(const nb::object& sampling) {
  engine::Request request;
  auto& p = request.sampling;
  p.temperature = number(sampling, "temperature");
  p.top_k = count(sampling, "top_k");
  p.typical_p = number(sampling, "typical_p");
  p.top_p = number(sampling, "top_p");
  p.min_p = number(sampling, "min_p");
  p.repetition_penalty = number(sampling, "repetition_penalty");
  p.presence_penalty = number(sampling, "presence_penalty");
  p.frequency_penalty = number(sampling, "frequency_penalty");
  p.logit_bias = bias_of(sampling);
  request.seed = field<std::optional<uint64_t>>(sampling, "seed", "a whole number from 0 to 2^64 - 1, or None");
  request.max_tokens = field<std::optional<uint32_t>>(sampling, "max_tokens", "a whole number, 0 or more, or None").value_or(0);
  request.min_tokens = count(sampling, "min_tokens");
  request.n = count(sampling, "n");
  request.best_of = field<std::optional<uint32_t>>(sampling, "best_of", "a whole number or None").value_or(request.n);
  request.stop = stop_of(sampling);
  request.stop_tokens = field<std::vector<text::TokenId>>(sampling, "stop_token_ids", "a list of token ids");
  request.ignore_eos = flag(sampling, "ignore_eos");
  const auto logprobs = field<std::optional<uint32_t>>(sampling, "logprobs", "a whole number, 0 or more, or None");
  request.logprobs = logprobs.has_value();
  request.top_logprobs = logprobs.value_or(0);
  request.echo = flag(sampling, "echo");
  request.skip_special = flag(sampling, "skip_special_tokens");
  return request;
}

}  // namespace headrace::python
