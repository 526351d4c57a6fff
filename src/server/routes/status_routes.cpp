#include "server/routes/status_routes.h"

#include <fmt/format.h>

#include "server/api/api_error.h"
#include "server/api/json_body.h"
#include "server/metrics/prometheus.h"
#include "server/page/chat_page.h"

namespace headrace::server {

namespace {

Json describe_model(const Service& service) {
  Json model;
  model["id"] = service.model_id;
  model["object"] = "model";
  model["created"] = service.created;
  model["owned_by"] = "headrace";
  model["root"] = service.engine->model()->info().name;
  model["parent"] = nullptr;
  model["max_model_len"] = service.engine->context();
  return model;
}

net::HttpResponse json_response(const Json& json) {
  net::HttpResponse response;
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

void list_models(const Service& service, net::Responder responder) {
  Json list;
  list["object"] = "list";
  list["data"] = Json::array({describe_model(service)});
  responder.respond(json_response(list));
}

/// The path's last part, "%2F" and the like decoded.
std::string decode_percent(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](size_t at) { return at < text.size() ? std::string_view("0123456789abcdef").find(char(text[at] | 0x20)) : std::string_view::npos; };
    const size_t high = text[i] == '%' ? digit(i + 1) : std::string_view::npos;
    const size_t low = text[i] == '%' ? digit(i + 2) : std::string_view::npos;
    if (high > 15 || low > 15) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(char(high * 16 + low));
    i += 2;
  }
  return out;
}

void show_model(const Service& service, const net::HttpRequest& request, net::Responder responder) {
  const std::string name = decode_percent(std::string_view(request.path).substr(std::string_view("/v1/models/").size()));
  if (service.answers_to(name)) return responder.respond(json_response(describe_model(service)));
  responder.respond(to_response(refuse(404, fmt::format("The model '{}' does not exist.", name), "model", "model_not_found").error()));
}

void tell_ready(const Service& service, net::Responder responder) {
  auto response = json_response({{"status", service.draining ? "draining" : "ready"}});
  if (service.draining) response.status = 503;
  responder.respond(std::move(response));
}

// Nothing from elsewhere, and nothing inline but what is in the page itself.
constexpr const char* kPagePolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void show_page(net::Responder responder) {
  net::HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body = chat_page();
  response.headers = {{"Content-Security-Policy", kPagePolicy}, {"Referrer-Policy", "no-referrer"}, {"Cache-Control", "no-cache"}};
  responder.respond(std::move(response));
}

}  // namespace

void add_status_routes(Router& router, std::shared_ptr<Service> service, std::function<net::HttpServerStats()> http_stats) {
  router.add("GET", "/v1/models", [service](net::HttpRequest&&, net::Responder responder) { list_models(*service, std::move(responder)); });
  router.add("GET", "/v1/models/*", [service](net::HttpRequest&& request, net::Responder responder) {
    show_model(*service, request, std::move(responder));
  });
  router.add("GET", "/health", [](net::HttpRequest&&, net::Responder responder) { responder.respond(json_response({{"status", "ok"}})); });
  router.add("GET", "/ready", [service](net::HttpRequest&&, net::Responder responder) { tell_ready(*service, std::move(responder)); });
  router.add("GET", "/version", [](net::HttpRequest&&, net::Responder responder) { responder.respond(json_response({{"version", version()}})); });
  router.add("GET", "/metrics", [service, http_stats](net::HttpRequest&&, net::Responder responder) {
    responder.respond({200, "text/plain; version=0.0.4; charset=utf-8", prometheus_text(*service, http_stats()), {}});
  });
  if (service->options.chat_page) {
    router.add("GET", "/", [](net::HttpRequest&&, net::Responder responder) { show_page(std::move(responder)); });
  }
}

}  // namespace headrace::server
