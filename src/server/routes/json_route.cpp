#include "server/routes/json_route.h"

#include "base/log.h"
#include "base/thread_pool.h"

namespace headrace::server {

namespace {

constexpr size_t kLargeBodyBytes = 16 << 10;
constexpr uint32_t kMaxLargeBodies = 64;  // each may need several times its size

void run(const std::shared_ptr<Service>& service, const JsonHandler& handler, const std::string& body, net::Responder responder) {
  try {
    JsonLimits limits;
    limits.depth = service->options.max_json_depth;
    auto json = parse_body(body, limits);
    if (json) handler(service, *json, responder);
    else responder.respond(to_response(json.error()));
  } catch (const std::exception& e) {
    log(LogLevel::Error, "server", "a request failed: {}", e.what());
    responder.respond(to_response(from_error(Error{ErrorKind::Internal, "The server failed on this request."})));
  }
}

void run_on_pool(const std::shared_ptr<Service>& service, std::shared_ptr<const JsonHandler> handler, std::string body,
                 net::Responder responder) {
  if (service->large_bodies.fetch_add(1) >= kMaxLargeBodies) {
    service->large_bodies.fetch_sub(1);
    return responder.respond(to_response(from_error(Error{ErrorKind::Busy, "Too many large requests at once; try again later."})));
  }
  ThreadPool::process().submit([service, handler = std::move(handler), body = std::move(body), responder = std::move(responder)]() mutable {
    run(service, *handler, body, std::move(responder));
    service->large_bodies.fetch_sub(1);
  });
}

}  // namespace

void add_json_route(Router& router, std::shared_ptr<Service> service, std::string path, WhileDraining draining,
                    JsonHandler handler) {
  // Shared: a large body may still be at work when the router has gone.
  auto shared_handler = std::make_shared<const JsonHandler>(std::move(handler));
  router.add("POST", std::move(path), [service, draining, shared_handler](net::HttpRequest&& request, net::Responder responder) {
    if (draining == WhileDraining::Refuse && service->draining) {
      return responder.respond(to_response(from_error(Error{ErrorKind::Cancelled, "The server is shutting down."})));
    }
    if (request.body.size() < kLargeBodyBytes) return run(service, *shared_handler, request.body, std::move(responder));
    run_on_pool(service, shared_handler, std::move(request.body), std::move(responder));
  });
}

}  // namespace headrace::server
