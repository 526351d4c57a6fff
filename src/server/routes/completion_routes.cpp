#include "server/routes/completion_routes.h"

#include "server/api/chat_request.h"
#include "server/api/completion_request.h"
#include "server/reply/generation.h"
#include "server/routes/json_route.h"

namespace headrace::server {

namespace {

ReplyHead reply_head(const Service& service, const GenerationRequest& request, std::string_view id_prefix) {
  ReplyHead head;
  head.id = unique_id(id_prefix);
  head.model = request.model;
  head.fingerprint = service.fingerprint;
  head.created = std::time(nullptr);
  head.choices_per_prompt = request.engine.n;
  head.include_usage = request.include_usage;
  head.skip_generation = request.skip_generation;
  return head;
}

void generate(std::shared_ptr<Service> service, net::Responder responder, const GenerationRequest& request, ReplyHead head,
              std::unique_ptr<Form> form, std::vector<engine::Request> prompts) {
  auto reply = request.stream ? stream_reply(responder, std::move(head), std::move(form))
                              : whole_reply(responder, std::move(head), std::move(form));
  Generation::start(std::move(service), std::move(responder), std::move(prompts), std::move(reply));
}

void complete_chat(const std::shared_ptr<Service>& service, const Json& body, net::Responder responder) {
  auto request = read_chat_request(body, *service);
  if (!request) return responder.respond(to_response(request.error()));
  GenerationRequest& generation = request->generation;
  auto form = chat_form(generation.engine.logprobs ? service->engine->model()->tokenizer() : nullptr);
  ReplyHead head = reply_head(*service, generation, "chatcmpl");
  std::vector<engine::Request> prompts;
  prompts.push_back(std::move(generation.engine));
  generate(service, std::move(responder), generation, std::move(head), std::move(form), std::move(prompts));
}

void complete_text(const std::shared_ptr<Service>& service, const Json& body, net::Responder responder) {
  auto request = read_completion_request(body, *service);
  if (!request) return responder.respond(to_response(request.error()));
  const GenerationRequest& generation = request->generation;
  auto form = completion_form(generation.engine.logprobs ? service->engine->model()->tokenizer() : nullptr);
  ReplyHead head = reply_head(*service, generation, "cmpl");
  head.prompts = uint32_t(request->prompts.size());
  std::vector<engine::Request> prompts;
  for (auto& ids : request->prompts) {
    if (request->echo) head.echoes.push_back(service->tokenizer().decode(ids, {.skip_special = true}).value_or(""));
    prompts.push_back(generation.engine);
    prompts.back().prompt = std::move(ids);
  }
  generate(service, std::move(responder), generation, std::move(head), std::move(form), std::move(prompts));
}

}  // namespace

void add_completion_routes(Router& router, std::shared_ptr<Service> service) {
  add_json_route(router, service, "/v1/chat/completions", WhileDraining::Refuse, complete_chat);
  add_json_route(router, service, "/v1/completions", WhileDraining::Refuse, complete_text);
}

}  // namespace headrace::server
