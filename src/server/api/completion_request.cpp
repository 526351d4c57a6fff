#include "server/api/completion_request.h"

#include <fmt/format.h>

#include <algorithm>

namespace headrace::server {

namespace {

constexpr int64_t kMaxLogprobs = 20;
constexpr uint32_t kDefaultMaxTokens = 16;

using Prompts = std::vector<std::vector<text::TokenId>>;

Api<std::vector<text::TokenId>> encode_text(const std::string& text, bool add_special, const Service& service) {
  text::EncodeOptions options;
  options.add_special = add_special;
  auto encoding = service.tokenizer().encode(text, options);
  if (!encoding) return std::unexpected(from_error(encoding.error()));
  // An empty text is one token where the model has something to begin with.
  if (encoding->ids.empty() && service.tokenizer().bos()) encoding->ids.push_back(*service.tokenizer().bos());
  return std::move(encoding->ids);
}

bool are_integers(const Json& list) {
  return list.is_array() && !list.empty() && std::ranges::all_of(list, [](const Json& item) { return item.is_number_integer(); });
}

/// A list of ids is read like a member of its own, for its checks and messages.
void add_ids(Fields& fields, const Json& ids, const Service& service, Prompts& prompts) {
  const Json holder = {{"prompt", ids}};
  Fields inner(holder);
  prompts.push_back(inner.token_ids("prompt", service.tokenizer().vocabulary_size()));
  if (auto error = inner.error()) fields.keep(std::move(*error));
}

void add_text(Fields& fields, const std::string& text, bool add_special, const Service& service, Prompts& prompts) {
  auto ids = encode_text(text, add_special, service);
  if (ids) prompts.push_back(std::move(*ids));
  else fields.keep(std::move(ids.error()));
}

/// Text, list of texts, ids, or list of lists of ids.
void read_prompts(Fields& fields, const Service& service, Prompts& prompts) {
  const bool add_special = fields.boolean("add_special_tokens", true);
  const Json* prompt = fields.any("prompt");
  if (!prompt) return fields.missing("prompt");
  if (fields.failed()) return;
  if (prompt->is_string()) return add_text(fields, prompt->get<std::string>(), add_special, service, prompts);
  if (are_integers(*prompt)) return add_ids(fields, *prompt, service, prompts);
  if (!prompt->is_array() || prompt->empty()) {
    return fields.reject("prompt", "Invalid 'prompt': expected a string, an array of strings, an array of token ids, or an array of such arrays.",
                         "invalid_type");
  }
  if (prompt->size() > service.options.max_prompts) {
    return fields.reject("prompt", fmt::format("Invalid 'prompt': array too long. Expected at most {} prompts, but got {} instead.",
                                               service.options.max_prompts, prompt->size()), "array_above_max_length");
  }
  for (const Json& item : *prompt) {
    if (item.is_string()) add_text(fields, item.get<std::string>(), add_special, service, prompts);
    else if (are_integers(item)) add_ids(fields, item, service, prompts);
    else fields.reject("prompt", "Invalid 'prompt': each prompt must be a string or a non-empty array of token ids.", "invalid_type");
    if (fields.failed()) return;
  }
}

void read_best_of(Fields& fields, const Service& service, const GenerationRequest& request, engine::Request& engine) {
  const auto best_of = fields.integer("best_of", 1, service.options.max_choices);
  if (!best_of) return;
  if (*best_of < engine.n) return fields.reject("best_of", "Invalid 'best_of': it must be at least 'n'.");
  if (request.stream && *best_of > engine.n) {
    return fields.reject("best_of", "Results of 'best_of' cannot be streamed: the best is known only at the end.");
  }
  engine.best_of = uint32_t(*best_of);
}

}  // namespace

Api<CompletionRequest> read_completion_request(const Json& body, const Service& service) {
  CompletionRequest request;
  GenerationRequest& generation = request.generation;
  engine::Request& engine = generation.engine;
  Fields fields(body);
  read_model(fields, service, generation.model);
  read_generation(fields, service, generation);
  read_best_of(fields, service, generation, engine);
  request.echo = engine.echo = fields.boolean("echo", false);
  if (const auto top = fields.integer("logprobs", 0, kMaxLogprobs)) {
    engine.logprobs = true;
    engine.top_logprobs = uint32_t(*top);
  }
  engine.max_tokens = uint32_t(fields.integer("max_tokens", 0, INT32_MAX).value_or(kDefaultMaxTokens));
  if (engine.max_tokens == 0) {
    generation.skip_generation = true;
    engine.max_tokens = 1;
  }
  fields.not_supported({"suffix", "response_format"});
  read_prompts(fields, service, request.prompts);
  if (auto error = fields.error()) return std::unexpected(std::move(*error));
  for (auto& prompt : request.prompts) {
    auto fits = set_prompt(engine, prompt, "prompt", service);
    if (!fits) return std::unexpected(std::move(fits.error()));
  }
  return request;
}

}  // namespace headrace::server
