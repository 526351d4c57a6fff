#include "net/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <thread>

#include "base/log.h"
#include "net/http/asio.h"
#include "net/http/connection.h"
#include "net/http/status.h"

namespace headrace::net {

std::string_view HttpRequest::header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (std::ranges::equal(header.name, name, [](unsigned char a, unsigned char b) {
          return std::tolower(a) == std::tolower(b);
        })) {
      return header.value;
    }
  }
  return {};
}

/// The listening socket, its connections and their clock. Everything but `stop` runs on
/// the io thread.
struct HttpServer::State {
  State(HttpServerOptions options, HttpHandler handler)
      : context(std::make_shared<ConnectionContext>(std::move(options), std::move(handler))),
        acceptor(context->io),
        clock(context->io) {
    context->on_last_gone = [this] { clock.cancel(); };
  }

  Result<void> listen();
  Task<void> accept_connections();
  Task<void> turn_away(Socket socket);
  Task<void> watch_clock();
  void adopt(Socket socket, std::string peer);
  void sweep();
  void cut_all();

  std::shared_ptr<ConnectionContext> context;
  Acceptor acceptor;
  Timer clock;
  bool clock_runs = false;
  uint16_t port = 0;
  std::thread thread;

  std::mutex mutex;
  std::condition_variable ended_condition;
  bool ended = false;  // guarded by mutex: the io thread has nothing left to do
};

Result<void> HttpServer::State::listen() {
  const HttpServerOptions& options = context->options;
  error_code ec;
  asio::ip::basic_resolver<tcp, asio::io_context::executor_type> resolver(context->io);
  const auto found = resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, ec);
  if (ec || found.empty()) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("cannot listen on '{}': no such address; name one of this machine's, such as 127.0.0.1",
                            options.host));
  }
  const tcp::endpoint endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(1024, ec);
  if (ec == asio::error::address_in_use) {
    return fail(ErrorKind::Busy, fmt::format("port {} on {} is in use; stop what uses it or choose another port",
                                             options.port, options.host));
  }
  if (ec) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("cannot listen on {} port {}: {}", options.host, options.port, ec.message()));
  }
  port = acceptor.local_endpoint().port();
  return {};
}

Task<void> HttpServer::State::accept_connections() {
  error_code ec;
  while (acceptor.is_open()) {
    tcp::endpoint remote;
    Socket socket = co_await acceptor.async_accept(remote, await_into(ec));
    if (ec == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (ec) {  // out of file descriptors, most likely: let some close
      Timer pause(context->io, to_duration(0.1));
      co_await pause.async_wait(await_into(ec));
      continue;
    }
    if (context->connections.size() >= context->options.max_connections) {
      context->counts.refused.fetch_add(1, std::memory_order_relaxed);
      co_await turn_away(std::move(socket));
      continue;
    }
    adopt(std::move(socket), fmt::format("{}:{}", remote.address().to_string(), remote.port()));
  }
}

Task<void> HttpServer::State::turn_away(Socket socket) {
  const std::string body =
      fmt::format(R"({{"error":{{"message":"{}","type":"server_error","param":null,"code":null}}}})", refusal(503));
  const std::string answer = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "Retry-After: 1\r\nConnection: close\r\n\r\n{}",
      body.size(), body);
  error_code ec;
  socket.non_blocking(true, ec);
  socket.write_some(asio::buffer(answer), ec);  // fits any socket's empty buffer
  socket.shutdown(tcp::socket::shutdown_send, ec);
  char unread[4096];
  while (!ec && socket.read_some(asio::buffer(unread), ec) > 0) {
  }
  co_return;
}

void HttpServer::State::adopt(Socket socket, std::string peer) {
  context->counts.accepted.fetch_add(1, std::memory_order_relaxed);
  auto connection = std::make_shared<Connection>(context, std::move(socket), std::move(peer));
  context->connections.insert(connection);
  context->counts.open.store(context->connections.size(), std::memory_order_relaxed);
  connection->start();
  if (clock_runs) return;
  clock_runs = true;
  asio::co_spawn(context->io, [this] { return watch_clock(); }, asio::detached);
}

// One timer serves every connection's time limits.
Task<void> HttpServer::State::watch_clock() {
  const HttpServerOptions& options = context->options;
  const double shortest = std::min({options.header_seconds, options.body_seconds, options.idle_seconds,
                                    options.slow_client_seconds});
  const auto period = to_duration(std::clamp(shortest / 4, 0.02, 0.5));
  error_code ec;
  while (!context->connections.empty()) {
    clock.expires_after(period);
    co_await clock.async_wait(await_into(ec));
    sweep();
  }
  clock_runs = false;
}

void HttpServer::State::sweep() {
  const auto now = Clock::now();
  for (const auto& connection : context->connections) connection->check_time(now);
}

void HttpServer::State::cut_all() {
  error_code ignored;
  acceptor.close(ignored);
  context->draining = true;
  for (const auto& connection : context->connections) connection->cut();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHandler handler) {
  auto state = std::make_shared<State>(std::move(options), std::move(handler));
  HR_CHECK(state->listen());
  asio::co_spawn(state->context->io, [s = state.get()] { return s->accept_connections(); }, asio::detached);
  state->thread = std::thread([s = state.get()] {
    s->context->io.run();
    std::lock_guard lock(s->mutex);
    s->ended = true;
    s->ended_condition.notify_all();
  });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  stop(0);
  state_->thread.join();
  state_->context->queue->close();
}

uint16_t HttpServer::port() const { return state_->port; }

HttpServerStats HttpServer::stats() const {
  const auto& counts = state_->context->counts;
  HttpServerStats stats;
  stats.connections = counts.open.load(std::memory_order_relaxed);
  stats.connections_accepted = counts.accepted.load(std::memory_order_relaxed);
  stats.connections_refused = counts.refused.load(std::memory_order_relaxed);
  stats.requests = counts.requests.load(std::memory_order_relaxed);
  stats.bytes_sent = counts.bytes_sent.load(std::memory_order_relaxed);
  stats.slow_clients_dropped = counts.slow.load(std::memory_order_relaxed);
  stats.clients_gone = counts.gone.load(std::memory_order_relaxed);
  return stats;
}

void HttpServer::stop_accepting() {
  asio::post(state_->context->io, [s = state_.get()] {
    error_code ignored;
    s->acceptor.close(ignored);
    s->context->draining = true;
    for (const auto& connection : s->context->connections) connection->drain();
  });
}

bool HttpServer::stop(double seconds) {
  stop_accepting();
  std::unique_lock lock(state_->mutex);
  // With no acceptor and no connection left, the io thread runs out of work and ends.
  const auto ended = [s = state_.get()] { return s->ended; };
  if (state_->ended_condition.wait_for(lock, std::chrono::duration<double>(seconds), ended)) return true;
  asio::post(state_->context->io, [s = state_.get()] { s->cut_all(); });
  state_->ended_condition.wait(lock, ended);
  return false;
}

}  // namespace headrace::net
