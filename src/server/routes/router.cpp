#include "server/routes/router.h"

#include <fmt/format.h>

#include "server/api/api_error.h"

namespace headrace::server {

bool Router::Route::matches(std::string_view wanted) const {
  if (!path.ends_with('*')) return path == wanted;
  const std::string_view start(path.data(), path.size() - 1);
  return wanted.size() > start.size() && wanted.starts_with(start);
}

void Router::add(std::string method, std::string path, Handler handler) {
  routes_.push_back({std::move(method), std::move(path), std::move(handler)});
}

std::string Router::allowed_methods(std::string_view path) const {
  std::string allowed;
  for (const Route& route : routes_) {
    if (!route.matches(path)) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method;
    if (route.method == "GET") allowed += ", HEAD";
  }
  return allowed;
}

void Router::handle(net::HttpRequest&& request, net::Responder responder) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  for (const Route& route : routes_) {
    if (route.method == method && route.matches(request.path)) return route.handler(std::move(request), std::move(responder));
  }
  const std::string allowed = allowed_methods(request.path);
  if (allowed.empty()) {
    return responder.respond(to_response(
        refuse(404, fmt::format("Unknown request URL: {} {}.", request.method, request.path), {}, "unknown_url").error()));
  }
  auto response = to_response(refuse(405, fmt::format("Not allowed to {} on {} (only {}).", request.method, request.path, allowed),
                                     {}, "method_not_supported").error());
  response.headers.push_back({"Allow", allowed});
  responder.respond(std::move(response));
}

}  // namespace headrace::server
