#include "server/server.h"

#include <fmt/format.h>

#include <optional>
#include <thread>

#include "base/log.h"
#include "net/http_server.h"
#include "net/stop_signals.h"
#include "server/api/api_error.h"
#include "server/routes/completion_routes.h"
#include "server/routes/router.h"
#include "server/routes/service.h"
#include "server/routes/status_routes.h"
#include "server/routes/token_routes.h"

namespace headrace::server {

namespace {

constexpr double kFlushSeconds = 5;  // for answers that are complete to reach their clients

/// Takes as long whatever the guess has right.
bool same_key(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
  return difference == 0;
}

bool is_open_path(std::string_view path) { return path == "/" || path == "/health" || path == "/ready" || path == "/version"; }

net::HttpServerOptions http_options(const ServerOptions& options) {
  net::HttpServerOptions http;
  http.host = options.host;
  http.port = options.port;
  http.max_connections = options.max_connections;
  http.max_header_bytes = options.max_header_bytes;
  http.max_body_bytes = options.max_body_bytes;
  http.max_unsent_bytes = options.max_unsent_bytes;
  http.header_seconds = options.header_seconds;
  http.body_seconds = options.body_seconds;
  http.idle_seconds = options.idle_seconds;
  http.slow_client_seconds = options.slow_client_seconds;
  http.headers.push_back({"X-Content-Type-Options", "nosniff"});
  if (!options.cors_origin.empty()) {
    http.headers.push_back({"Access-Control-Allow-Origin", options.cors_origin});
    if (options.cors_origin != "*") http.headers.push_back({"Vary", "Origin"});
  }
  return http;
}

/// Tells answers of one model apart from those of another, as OpenAI's field does.
std::string fingerprint(const model::ModelInfo& info) {
  uint64_t hash = 0xcbf29ce484222325u;
  const std::string identity = fmt::format("{}\n{}\n{}\n{}\n{}", version(), info.name, info.architecture, info.weight_types, info.parameters);
  for (const char c : identity) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format("fp_{:010x}", hash >> 24);
}

class RunningServer final : public Server {
 public:
  RunningServer(std::shared_ptr<engine::Engine> engine, ServerOptions options) : service_(std::make_shared<Service>()) {
    const model::ModelInfo& info = engine->model()->info();
    service_->model_id = options.model_id.empty() ? info.name : options.model_id;
    service_->fingerprint = fingerprint(info);
    service_->engine = std::move(engine);
    service_->options = std::move(options);
  }
  ~RunningServer() override { http_.reset(); }

  Result<void> listen() {
    if (service_->options.catch_signals) signals_.emplace();
    add_completion_routes(router_, service_);
    add_token_routes(router_, service_);
    add_status_routes(router_, service_, [this] { return http_stats(); });
    auto http = net::HttpServer::start(http_options(service_->options), [this](net::HttpRequest&& request, net::Responder responder) {
      handle(std::move(request), std::move(responder));
    });
    if (!http) return std::unexpected(std::move(http.error()));
    http_ = std::move(*http);
    http_known_.store(http_.get(), std::memory_order_release);
    return {};
  }

  uint16_t port() const override { return http_->port(); }
  std::string url() const override {
    const std::string& host = service_->options.host;
    const bool v6 = host.find(':') != std::string::npos;
    const bool any = host == "0.0.0.0" || host == "::";
    return fmt::format("http://{}:{}", any ? "127.0.0.1" : v6 ? "[" + host + "]" : host, port());
  }
  const std::string& model_id() const override { return service_->model_id; }

  bool stop() override { return drain(service_->options.drain_seconds); }
  bool wait_for_signal() override;

 private:
  void handle(net::HttpRequest&& request, net::Responder responder);
  void answer_options(const net::HttpRequest& request, net::Responder& responder) const;
  bool authorized(const net::HttpRequest& request) const;
  bool drain(double seconds);
  net::HttpServerStats http_stats() const {
    const net::HttpServer* http = http_known_.load(std::memory_order_acquire);
    return http ? http->stats() : net::HttpServerStats{};
  }

  const std::shared_ptr<Service> service_;
  Router router_;
  std::unique_ptr<net::HttpServer> http_;
  std::optional<net::StopSignals> signals_;
  std::atomic<const net::HttpServer*> http_known_{nullptr};  // requests may come before `start` has returned
};

bool RunningServer::authorized(const net::HttpRequest& request) const {
  const std::string& key = service_->options.api_key;
  if (key.empty() || is_open_path(request.path)) return true;
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view given = request.header("Authorization");
  return given.starts_with(kBearer) && same_key(given.substr(kBearer.size()), key);
}

/// What browsers ask before they let a page of another origin call.
void RunningServer::answer_options(const net::HttpRequest& request, net::Responder& responder) const {
  net::HttpResponse response;
  response.status = 204;
  response.headers.push_back({"Allow", router_.allowed_methods(request.path) + ", OPTIONS"});
  if (!service_->options.cors_origin.empty()) {
    response.headers.push_back({"Access-Control-Allow-Methods", "GET, POST, OPTIONS"});
    response.headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type, X-Requested-With"});
    response.headers.push_back({"Access-Control-Max-Age", "600"});
  }
  responder.respond(std::move(response));
}

void RunningServer::handle(net::HttpRequest&& request, net::Responder responder) {
  if (request.method == "OPTIONS" && !router_.allowed_methods(request.path).empty()) return answer_options(request, responder);
  if (!authorized(request)) {
    ApiError error = refuse(401, "Incorrect or missing API key: send it as 'Authorization: Bearer KEY'.", {}, "invalid_api_key").error();
    auto response = to_response(error);
    response.headers.push_back({"WWW-Authenticate", "Bearer"});
    return responder.respond(std::move(response));
  }
  router_.handle(std::move(request), std::move(responder));
}

bool RunningServer::drain(double seconds) {
  service_->draining = true;
  http_->stop_accepting();
  const bool all_ended = service_->engine->drain(seconds);
  // Cutting connections cancels what the engine still works on for them.
  const bool all_sent = http_->stop(all_ended ? kFlushSeconds : 0);
  return all_ended && all_sent;
}

bool RunningServer::wait_for_signal() {
  if (!signals_) signals_.emplace();
  signals_->wait();
  log(LogLevel::Info, "server", "stopping; running requests have {} s to end", service_->options.drain_seconds);
  std::thread impatient([&] {
    if (signals_->wait()) http_->stop(0);
  });
  const bool all_ended = stop();
  signals_->cancel();
  impatient.join();
  signals_.reset();
  return all_ended;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(std::shared_ptr<engine::Engine> engine, ServerOptions options) {
  auto server = std::make_unique<RunningServer>(std::move(engine), std::move(options));
  HR_CHECK(server->listen());
  return server;
}

}  // namespace headrace::server
