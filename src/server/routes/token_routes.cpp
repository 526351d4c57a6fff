#include "server/routes/token_routes.h"

#include "server/api/chat_request.h"
#include "server/reply/json_text.h"
#include "server/routes/json_route.h"

namespace headrace::server {

namespace {

using Ids = std::vector<text::TokenId>;

/// The model may be named, but need not.
void read_optional_model(Fields& fields, const Service& service) {
  std::string ignored;
  if (fields.has("model")) read_model(fields, service, ignored);
}

void answer(const net::Responder& responder, std::string body) {
  net::HttpResponse response;
  response.body = std::move(body);
  net::Responder(responder).respond(std::move(response));
}

Api<Ids> encode_text(Fields& fields, const Service& service) {
  const auto prompt = fields.text("prompt");
  if (!prompt) fields.missing("prompt");
  text::EncodeOptions options;
  options.add_special = fields.boolean("add_special_tokens", true);
  if (auto error = fields.error()) return std::unexpected(std::move(*error));
  auto encoding = service.tokenizer().encode(*prompt, options);
  if (!encoding) return std::unexpected(from_error(encoding.error()));
  return std::move(encoding->ids);
}

Api<Ids> encode_chat(Fields& fields, const Service& service) {
  ChatPrompt prompt;
  read_chat_prompt(fields, service, prompt);
  if (auto error = fields.error()) return std::unexpected(std::move(*error));
  return encode(prompt, service);
}

std::string token_list(const Ids& ids, const Service& service, bool spell) {
  std::string out = "{\"count\":";
  append_json_number(out, ids.size());
  out.append(",\"max_model_len\":");
  append_json_number(out, service.engine->context());
  out.append(",\"tokens\":[");
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json_number(out, ids[i]);
  }
  out.append("],\"token_strs\":");
  if (!spell) return out.append("null}");
  out.push_back('[');
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_json_string(out, service.tokenizer().token(ids[i]));
  }
  return out.append("]}");
}

void tokenize(const std::shared_ptr<Service>& service, const Json& body, net::Responder responder) {
  Fields fields(body);
  read_optional_model(fields, *service);
  const bool spell = fields.boolean("return_token_strs", false);
  auto ids = fields.has("messages") ? encode_chat(fields, *service) : encode_text(fields, *service);
  if (!ids) return responder.respond(to_response(ids.error()));
  answer(responder, token_list(*ids, *service, spell));
}

void detokenize(const std::shared_ptr<Service>& service, const Json& body, net::Responder responder) {
  Fields fields(body);
  read_optional_model(fields, *service);
  if (!fields.has("tokens")) fields.missing("tokens");
  const Ids ids = fields.token_ids("tokens", service->tokenizer().vocabulary_size());
  if (auto error = fields.error()) return responder.respond(to_response(*error));
  auto text = service->tokenizer().decode(ids);
  if (!text) return responder.respond(to_response(from_error(text.error())));
  std::string out = "{\"prompt\":";
  append_json_string(out, *text);
  answer(responder, out.append("}"));
}

void apply_template(const std::shared_ptr<Service>& service, const Json& body, net::Responder responder) {
  Fields fields(body);
  read_optional_model(fields, *service);
  ChatPrompt prompt;
  read_chat_prompt(fields, *service, prompt);
  if (auto error = fields.error()) return responder.respond(to_response(*error));
  auto text = render(prompt, *service);
  if (!text) return responder.respond(to_response(text.error()));
  std::string out = "{\"prompt\":";
  append_json_string(out, *text);
  answer(responder, out.append("}"));
}

}  // namespace

void add_token_routes(Router& router, std::shared_ptr<Service> service) {
  add_json_route(router, service, "/tokenize", WhileDraining::Serve, tokenize);
  add_json_route(router, service, "/detokenize", WhileDraining::Serve, detokenize);
  add_json_route(router, service, "/apply-template", WhileDraining::Serve, apply_template);
}

}  // namespace headrace::server
