#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// A whole request, body included (chunked bodies are joined).
struct HttpRequest {
  std::string method;  ///< as sent: "GET", "POST", …
  std::string path;    ///< the target up to '?'
  std::string query;   ///< the target after '?'
  std::vector<HttpHeader> headers;
  std::string body;
  std::string peer;    ///< "127.0.0.1:51234"

  /// The value of the first header of that name (any case), or empty.
  std::string_view header(std::string_view name) const;
};

/// A whole answer. Content-Length, Date and Connection are added on the way.
struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<HttpHeader> headers;
};

class Exchange;

/// The answering half of one request. Copies share it; when the last copy goes
/// without having answered, the client gets a 500 (or, in a stream, a cut connection).
/// Thread-safe, and no method blocks: bytes wait in the connection's outbox, and all
/// that have gathered there leave in one write.
class Responder {
 public:
  explicit Responder(std::shared_ptr<Exchange> exchange);

  /// Answers at once. Ignored if an answer has begun.
  void respond(HttpResponse response);

  /// Begins an answer of unknown length: the status, then what `write` appends (sent
  /// as chunks), until `finish`.
  void begin(int status, std::string_view content_type, std::vector<HttpHeader> headers = {});
  /// Appends bytes. False: the client has gone or was dropped for reading too slowly;
  /// stop producing.
  bool write(std::string_view bytes);
  void finish();

  /// Has `callback` called once, on the server's thread, if the client goes (or is
  /// dropped) before the answer is complete; at once if it has gone already.
  void on_closed(std::function<void()> callback);
  bool closed() const;

 private:
  struct Guard;
  std::shared_ptr<Guard> guard_;
};

/// Called on the server's thread for each request; must not block it for long. It may
/// answer before it returns, or hand the Responder to another thread.
using HttpHandler = std::function<void(HttpRequest&&, Responder)>;

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;                            ///< 0: any free port
  uint32_t max_connections = 1024;              ///< more get a 503 and are closed
  uint32_t max_header_bytes = 64 << 10;         ///< more is 431
  uint64_t max_body_bytes = uint64_t{16} << 20; ///< more is 413
  uint64_t max_unsent_bytes = uint64_t{1} << 20;///< of a stream; four times that drops the client at once
  uint32_t send_buffer_bytes = 256 << 10;       ///< of the socket; 0: the system's choice
  std::vector<HttpHeader> headers;              ///< sent with every answer of the handler's
  double header_seconds = 10;                   ///< from first byte to end of headers; more is 408
  double body_seconds = 60;                     ///< from end of headers to end of body; more is 408
  double idle_seconds = 75;                     ///< between requests; more closes
  double slow_client_seconds = 10;              ///< over max_unsent_bytes, or for one write (and 1 s more each 8 KiB of it)
};

struct HttpServerStats {
  uint64_t connections = 0;          ///< open now
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;  ///< over max_connections
  uint64_t requests = 0;
  uint64_t bytes_sent = 0;
  uint64_t slow_clients_dropped = 0;
  uint64_t clients_gone = 0;         ///< closed their connection before the answer was complete
};

/// An HTTP/1.1 server on one thread of its own: keep-alive, pipelined requests (answered
/// in order), chunked bodies both ways, Expect: 100-continue, HEAD, limits on sizes and
/// times. HTTP/1.0 clients get streams that end with the connection.
class HttpServer {
 public:
  /// Listens and starts the thread. Busy: the port is in use; InvalidArgument: no such
  /// address to listen on.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler);
  /// Cuts every connection and joins the thread.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  HttpServerStats stats() const;

  /// Stops accepting connections; those that are open go on, and close after their
  /// next answer.
  void stop_accepting();
  /// stop_accepting, then waits until every request has been answered, at most
  /// `seconds`; then cuts what is left. Returns whether all had been answered.
  bool stop(double seconds);

 private:
  struct State;
  explicit HttpServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace headrace::net
