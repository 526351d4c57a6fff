#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "net/http/asio.h"
#include "net/http/exchange.h"
#include "net/http/wake_event.h"
#include "net/http/wake_queue.h"
#include "net/http_server.h"

namespace headrace::net {

/// What the connections of a server share.
struct ConnectionContext {
  explicit ConnectionContext(HttpServerOptions o, HttpHandler h)
      : options(std::move(o)), handler(std::move(h)), queue(std::make_shared<WakeQueue>(io)) {}
  asio::io_context io{1};
  const HttpServerOptions options;
  const HttpHandler handler;
  const std::shared_ptr<WakeQueue> queue;
  // On the io thread only:
  bool draining = false;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::function<void()> on_last_gone;  // the set has become empty
  struct {
    std::atomic<uint64_t> open{0}, accepted{0}, refused{0}, requests{0}, bytes_sent{0}, slow{0}, gone{0};
  } counts;
};

/// One client's connection: a coroutine that reads bytes as they come (and so notices
/// when the client goes, even while an answer is on its way), and one that parses
/// requests, calls the handler and writes answers. Lives on the io thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ConnectionContext> context, Socket socket, std::string peer);

  void start();
  /// There is something to send, or to look at.
  void wake() { wake_.notify(); }
  /// Enforces time limits; called every now and then.
  void check_time(Clock::time_point now);
  /// Closes at once if no request is under way; otherwise after its answer.
  void drain();
  /// Cuts the connection.
  void cut();

 private:
  enum class Phase : uint8_t { Idle, Headers, Body, Answering, Writing, Closing };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  Task<void> read_bytes();
  Task<void> serve();
  Task<void> serve_requests();
  /// Reads one request; false: none will come (refused with an answer where due).
  Task<bool> read_request(HttpRequest& request, Exchange::Form& form);
  /// Feeds the parser until it is done; 0, or the status to refuse with, or -1: gone.
  Task<int> parse(Parser& parser);
  /// What happens between headers and body: 100-continue. As `parse`.
  Task<int> accept_headers(Parser& parser);
  /// Calls the handler and sends its answer; false: the connection must close.
  Task<bool> answer(HttpRequest request, Exchange::Form form);
  Task<void> refuse(int status);
  Task<bool> send(std::string_view bytes);
  Task<void> say_goodbye();
  /// Leaves the server's set of connections.
  void leave();
  void enter(Phase phase, double seconds);
  void enter_untimed(Phase phase);

  std::shared_ptr<ConnectionContext> context_;
  Socket socket_;
  std::string peer_;
  WakeEvent wake_;   // the serving coroutine: bytes came, there is something to send, time is up
  WakeEvent space_;  // the reading coroutine: the inbox has room again
  std::string inbox_;
  std::string writing_;
  std::shared_ptr<Exchange> exchange_;
  Phase phase_ = Phase::Idle;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool gone_ = false;       // the client sent its end, or the socket failed
  bool timed_out_ = false;
  bool discard_ = false;    // read and forget
  bool done_ = false;
};

}  // namespace headrace::net
