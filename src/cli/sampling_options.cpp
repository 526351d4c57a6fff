#include "cli/sampling_options.h"

#include <fmt/format.h>

#include <cstdlib>

namespace headrace::cli {
namespace {

constexpr const char* kGroup = "Sampling";

/// Reads "ID:BIAS".
void add_bias(model::SamplingParameters& parameters, const std::string& text) {
  const size_t colon = text.find(':');
  char* end = nullptr;
  const unsigned long id = std::strtoul(text.c_str(), &end, 10);
  const bool good_id = colon != std::string::npos && colon != 0 && end == text.c_str() + colon;
  char* value_end = nullptr;
  const float bias = good_id ? std::strtof(text.c_str() + colon + 1, &value_end) : 0;
  if (!good_id || value_end == text.c_str() + colon + 1 || *value_end != '\0' || id > UINT32_MAX) {
    throw CLI::ValidationError("--logit-bias: \"" + text + "\" is not ID:BIAS, such as 42:-5");
  }
  parameters.logit_bias.emplace_back(static_cast<text::TokenId>(id), bias);
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingOptions& options) {
  auto& p = options.parameters;
  const auto real = [&](const char* name, float& value, const char* description, double low, double high) {
    command.add_option(name, value, description)->option_text("X")->check(CLI::Range(low, high))->group(kGroup);
  };
  command.add_option("-n,--max-tokens", options.max_tokens, fmt::format("most tokens to generate; 0: as the context holds [{}]", options.max_tokens))
      ->option_text("N")->group(kGroup);
  real("-t,--temperature", p.temperature, "0 always takes the most likely token [0.7]", 0, 100);
  command.add_flag("--greedy", options.greedy, "the same as --temperature 0")->group(kGroup);
  real("--top-p", p.top_p, "the fewest tokens that hold this probability [0.95]", 1e-6, 1);
  command.add_option("--top-k", p.top_k, "only the K most likely tokens; 0: all [0]")->option_text("K")->group(kGroup);
  real("--min-p", p.min_p, "only tokens at least this share as likely as the best [0]", 0, 1);
  real("--typical-p", p.typical_p, "locally typical sampling; 1: off [1]", 1e-6, 1);
  real("--repetition-penalty", p.repetition_penalty, "above 1 avoids what was said; 1: off [1]", 0.01, 100);
  real("--presence-penalty", p.presence_penalty, "taken off tokens that occurred [0]", -2, 2);
  real("--frequency-penalty", p.frequency_penalty, "taken off for each occurrence [0]", -2, 2);
  command.add_option_function<std::vector<std::string>>(
      "--logit-bias", [&p](const std::vector<std::string>& items) { for (const auto& item : items) add_bias(p, item); },
      "add BIAS to a token's logit; may be repeated")->option_text("ID:BIAS")->allow_extra_args(false)->group(kGroup);
  command.add_option("--seed", options.seed, "the same seed gives the same text [a new one each time]")
      ->option_text("N")->group(kGroup);
  command.add_option("--stop", options.stop, "end before this text; may be repeated")
      ->option_text("TEXT")->allow_extra_args(false)->group(kGroup);
  command.add_option("--min-tokens", options.min_tokens, "do not end before so many tokens [0]")->option_text("N")->group(kGroup);
  command.add_flag("--ignore-eos", options.ignore_eos, "go on after the model's own end")->group(kGroup);
}

engine::Request make_request(const SamplingOptions& options, std::vector<text::TokenId> prompt) {
  engine::Request request;
  request.prompt = std::move(prompt);
  request.sampling = options.parameters;
  if (options.greedy) request.sampling.temperature = 0;
  request.seed = options.seed;
  request.max_tokens = options.max_tokens;
  request.min_tokens = options.min_tokens;
  request.stop = options.stop;
  request.ignore_eos = options.ignore_eos;
  return request;
}

}  // namespace headrace::cli
