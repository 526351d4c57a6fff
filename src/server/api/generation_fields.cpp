#include "server/api/generation_fields.h"

#include <fmt/format.h>

#include <charconv>

namespace headrace::server {

namespace {

constexpr size_t kMaxStopTexts = 16;
constexpr size_t kMaxStopBytes = 1024;

void read_sampling(Fields& fields, model::SamplingParameters& sampling) {
  sampling.temperature = float(fields.number("temperature", 1, 0, 2));
  sampling.top_p = float(fields.number("top_p", 1, 0, 1));
  sampling.min_p = float(fields.number("min_p", 0, 0, 1));
  sampling.typical_p = float(fields.number("typical_p", 1, 0, 1));
  sampling.presence_penalty = float(fields.number("presence_penalty", 0, -2, 2));
  sampling.frequency_penalty = float(fields.number("frequency_penalty", 0, -2, 2));
  sampling.repetition_penalty = float(fields.number("repetition_penalty", 1, 0.01, 100));
  const int64_t top_k = fields.integer("top_k", -1, INT32_MAX).value_or(0);
  sampling.top_k = top_k > 0 ? uint32_t(top_k) : 0;
}

void read_logit_bias(Fields& fields, uint32_t vocabulary, model::SamplingParameters& sampling) {
  const Json* bias = fields.object("logit_bias");
  if (!bias) return;
  for (const auto& member : bias->items()) {
    const std::string& key = member.key();
    uint32_t id = 0;
    const auto [end, problem] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (problem != std::errc() || end != key.data() + key.size() || id >= vocabulary) {
      return fields.reject("logit_bias", fmt::format("Invalid key in 'logit_bias': {}. Keys are token ids below {}.", key, vocabulary));
    }
    if (!member.value().is_number() || !(std::abs(member.value().get<double>()) <= 100)) {
      return fields.reject("logit_bias", fmt::format("Invalid value for token {} in 'logit_bias': expected a number from -100 to 100.", key));
    }
    sampling.logit_bias.emplace_back(id, member.value().get<float>());
  }
}

void read_stop(Fields& fields, std::vector<std::string>& stop) {
  const Json* value = fields.any("stop");
  if (!value) return;
  const Json list = value->is_array() ? *value : Json::array({*value});
  if (list.size() > kMaxStopTexts) {
    return fields.reject("stop", fmt::format("Invalid 'stop': array too long. Expected at most {} items, but got {} instead.",
                                             kMaxStopTexts, list.size()), "array_above_max_length");
  }
  for (const Json& item : list) {
    if (!item.is_string()) {
      return fields.reject("stop", fmt::format("Invalid type for 'stop': expected a string or an array of strings, but got {} instead.",
                                               describe(item)), "invalid_type");
    }
    const std::string text = item.get<std::string>();
    if (text.empty() || text.size() > kMaxStopBytes) {
      return fields.reject("stop", fmt::format("Invalid 'stop': a stop text has 1 to {} bytes.", kMaxStopBytes));
    }
    stop.push_back(text);
  }
}

void read_choices(Fields& fields, const Service& service, engine::Request& request) {
  request.n = uint32_t(fields.integer("n", 1, service.options.max_choices).value_or(1));
  request.best_of = request.n;
  if (const auto seed = fields.integer("seed")) request.seed = uint64_t(*seed);
}

void read_ends(Fields& fields, const Service& service, engine::Request& request) {
  read_stop(fields, request.stop);
  request.include_stop = fields.boolean("include_stop_str_in_output", false);
  request.stop_tokens = fields.token_ids("stop_token_ids", service.tokenizer().vocabulary_size());
  request.ignore_eos = fields.boolean("ignore_eos", false);
  request.skip_special = fields.boolean("skip_special_tokens", true);
  request.min_tokens = uint32_t(fields.integer("min_tokens", 0, INT32_MAX).value_or(0));
}

void read_streaming(Fields& fields, GenerationRequest& request) {
  request.stream = fields.boolean("stream", false);
  const Json* options = fields.object("stream_options");
  if (!options) return;
  if (!request.stream) {
    return fields.reject("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  Fields inner(*options, "stream_options.");
  request.include_usage = inner.boolean("include_usage", false);
  inner.accept({"include_obfuscation"});  // padding against eavesdroppers; there is none here
  if (auto error = inner.error()) fields.keep(std::move(*error));
}

}  // namespace

void read_model(Fields& fields, const Service& service, std::string& model) {
  const auto name = fields.text("model");
  if (!name) {
    ApiError error;
    error.message = "you must provide a model parameter";
    if (!fields.has("model")) fields.keep(std::move(error));
    return;
  }
  model = *name;
  if (service.answers_to(model)) return;
  ApiError error;
  error.status = 404;
  error.message = fmt::format("The model `{}` does not exist; this server has `{}`.", model, service.model_id);
  error.code = "model_not_found";
  fields.keep(std::move(error));
}

void read_generation(Fields& fields, const Service& service, GenerationRequest& request) {
  read_sampling(fields, request.engine.sampling);
  read_logit_bias(fields, service.tokenizer().vocabulary_size(), request.engine.sampling);
  read_choices(fields, service, request.engine);
  read_ends(fields, service, request.engine);
  read_streaming(fields, request);
  fields.accept({"user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key"});
  fields.not_supported({"store", "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs",
                        "priority", "use_beam_search", "length_penalty", "truncate_prompt_tokens", "prompt_logprobs",
                        "logits_processors", "bad_words", "allowed_token_ids"});
}

Api<void> set_prompt(engine::Request& request, std::vector<text::TokenId> prompt, const char* field, const Service& service) {
  const uint32_t context = service.engine->context();
  const size_t tokens = prompt.size();
  if (tokens == 0) return refuse(400, fmt::format("Invalid '{}': it has no tokens.", field), field, "invalid_value");
  // At least one token is generated.
  if (tokens + std::max<uint64_t>(request.max_tokens, 1) > context) {
    std::string message = fmt::format("This model's maximum context length is {} tokens. However, your {} resulted in {} tokens",
                                      context, field, tokens);
    message += request.max_tokens > 0 && tokens < context
                   ? fmt::format(" and {} more were asked for. Please reduce one of them.", request.max_tokens)
                   : fmt::format(". Please reduce the length of the {}.", field);
    return refuse(400, std::move(message), field, "context_length_exceeded");
  }
  request.prompt = std::move(prompt);
  return {};
}

}  // namespace headrace::server
