#include "server/api/chat_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/api/chat_messages.h"

namespace headrace::server {

namespace {

constexpr int64_t kMaxTopLogprobs = 20;

void read_template_arguments(Fields& fields, ChatPrompt& prompt) {
  const Json* arguments = fields.object("chat_template_kwargs");
  if (!arguments) return;
  for (const auto& member : arguments->items()) {
    if (prompt.variables.contains(member.key()) || member.key() == "add_generation_prompt") {
      return fields.reject("chat_template_kwargs",
                           fmt::format("Invalid 'chat_template_kwargs': '{}' has a parameter of its own.", member.key()));
    }
    prompt.variables[member.key()] = member.value();
  }
}

void read_logprobs(Fields& fields, engine::Request& request) {
  request.logprobs = fields.boolean("logprobs", false);
  const auto top = fields.integer("top_logprobs", 0, kMaxTopLogprobs);
  if (top && *top > 0 && !request.logprobs) {
    fields.reject("top_logprobs", "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.");
  }
  request.top_logprobs = uint32_t(top.value_or(0));
}

/// Parameters whose neutral values are harmless, and whose others this server lacks.
void read_unsupported(Fields& fields) {
  fields.not_supported({"tools", "functions", "function_call", "audio", "reasoning_effort", "verbosity", "prediction",
                        "web_search_options", "parallel_tool_calls", "documents", "chat_template", "echo", "moderation"});
  const Json* choice = fields.any("tool_choice");
  if (choice && *choice != "none") fields.not_supported({"tool_choice"});
  const Json* format = fields.object("response_format");
  if (format && format->value("type", Json()) != "text") fields.not_supported({"response_format"});
  const Json* modalities = fields.array("modalities");
  if (modalities && *modalities != Json::array({"text"})) fields.not_supported({"modalities"});
}

void read_max_tokens(Fields& fields, engine::Request& request) {
  const auto old_name = fields.integer("max_tokens", 1, INT32_MAX);
  const auto name = fields.integer("max_completion_tokens", 1, INT32_MAX);
  if (old_name && name && *old_name != *name) {
    fields.reject("max_tokens", "Set either 'max_tokens' or 'max_completion_tokens', not both.");
  }
  request.max_tokens = uint32_t(name.value_or(old_name.value_or(0)));
}

/// What the rendered text has after the last message belongs to its end, and goes.
std::string cut_after_last_message(std::string text, const Json& messages) {
  const Json& content = messages.back()["content"];
  if (!content.is_string()) return text;
  std::string_view last = content.get_ref<const std::string&>();
  while (!last.empty() && std::isspace(static_cast<unsigned char>(last.back()))) last.remove_suffix(1);
  while (!last.empty() && std::isspace(static_cast<unsigned char>(last.front()))) last.remove_prefix(1);
  const size_t at = text.rfind(last);
  if (at != std::string::npos) text.resize(at + last.size());
  return text;
}

}  // namespace

void read_chat_prompt(Fields& fields, const Service& service, ChatPrompt& prompt) {
  const Json* messages = fields.array("messages");
  if (!messages && !fields.has("messages")) return fields.missing("messages");
  if (!messages) return;
  const auto& chat_template = service.engine->model()->chat_template();
  const bool knows_developer = chat_template && chat_template->source().find("developer") != std::string::npos;
  auto normalized = normalize_messages(*messages, knows_developer ? "developer" : "system");
  if (!normalized) return fields.keep(std::move(normalized.error()));
  prompt.variables["messages"] = std::move(*normalized);
  prompt.continue_final_message = fields.boolean("continue_final_message", false);
  prompt.add_generation_prompt = fields.boolean("add_generation_prompt", !prompt.continue_final_message);
  prompt.add_special_tokens = fields.boolean("add_special_tokens", false);
  if (prompt.continue_final_message && prompt.add_generation_prompt) {
    fields.reject("continue_final_message", "Set either 'continue_final_message' or 'add_generation_prompt', not both.");
  }
  read_template_arguments(fields, prompt);
}

Api<std::string> render(const ChatPrompt& prompt, const Service& service) {
  const auto& chat_template = service.engine->model()->chat_template();
  if (!chat_template) {
    return refuse(400, fmt::format("The model `{}` has no chat template, so it cannot answer chats; use /v1/completions.", service.model_id),
                  "messages", "no_chat_template");
  }
  const text::Tokenizer& tokenizer = service.tokenizer();
  text::ChatContext context;
  context.add_generation_prompt = prompt.add_generation_prompt;
  if (tokenizer.bos()) context.bos_token = tokenizer.token(*tokenizer.bos());
  if (tokenizer.eos()) context.eos_token = tokenizer.token(*tokenizer.eos());
  context.limit_bytes = std::max<uint64_t>(service.options.max_body_bytes * 4, 1 << 20);
  auto text = chat_template->render(prompt.variables, context);
  if (!text) return refuse(400, "The model's chat template refuses this conversation: " + text.error().message, "messages", "chat_template_error");
  if (!prompt.continue_final_message) return std::move(*text);
  return cut_after_last_message(std::move(*text), prompt.variables["messages"]);
}

Api<std::vector<text::TokenId>> encode(const ChatPrompt& prompt, const Service& service) {
  auto text = render(prompt, service);
  if (!text) return std::unexpected(std::move(text.error()));
  text::EncodeOptions options;
  options.add_special = prompt.add_special_tokens;
  auto encoding = service.tokenizer().encode(*text, options);
  if (!encoding) return std::unexpected(from_error(encoding.error()));
  return std::move(encoding->ids);
}

Api<ChatRequest> read_chat_request(const Json& body, const Service& service) {
  ChatRequest request;
  engine::Request& engine = request.generation.engine;
  Fields fields(body);
  read_model(fields, service, request.generation.model);
  read_chat_prompt(fields, service, request.prompt);
  read_generation(fields, service, request.generation);
  read_max_tokens(fields, engine);
  read_logprobs(fields, engine);
  read_unsupported(fields);
  if (auto error = fields.error()) return std::unexpected(std::move(*error));
  auto ids = encode(request.prompt, service);
  if (!ids) return std::unexpected(std::move(ids.error()));
  auto fits = set_prompt(engine, std::move(*ids), "messages", service);
  if (!fits) return std::unexpected(std::move(fits.error()));
  return request;
}

}  // namespace headrace::server
