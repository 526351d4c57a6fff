#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"

namespace headrace::server {

/// How an engine is offered over HTTP. Every limit is a bound on what one client can
/// cost; the defaults suit one machine and trusted clients.
struct ServerOptions {
  std::string host = "127.0.0.1";          ///< address or name to listen on
  uint16_t port = 8080;                    ///< 0: any free port (see Server::port)
  std::string model_id;                    ///< the model's name in the API; empty: ModelInfo::name
  std::vector<std::string> model_aliases;  ///< further names that requests may use for it
  std::string api_key;                     ///< if set, /v1/… and the token routes want "Authorization: Bearer <key>"
  std::string cors_origin;                 ///< if set ("*" or one origin), browsers on it may call
  bool chat_page = true;                   ///< serve the chat page at "/"
  bool catch_signals = false;              ///< SIGINT and SIGTERM wait for `wait_for_signal` from the start on

  uint64_t max_body_bytes = uint64_t{16} << 20;    ///< more is 413
  uint32_t max_header_bytes = 64 << 10;            ///< more is 431
  uint32_t max_connections = 1024;                 ///< more are turned away with 503
  uint32_t max_json_depth = 64;                    ///< deeper is 400
  uint32_t max_choices = 128;                      ///< largest n and best_of
  uint32_t max_prompts = 256;                      ///< prompts in one completion request
  uint64_t max_unsent_bytes = uint64_t{1} << 20;   ///< of a client that reads too slowly
  double header_seconds = 10;                      ///< from the first byte to the end of the headers
  double body_seconds = 60;                        ///< to receive a body
  double idle_seconds = 75;                        ///< of a kept-alive connection between requests
  double slow_client_seconds = 10;                 ///< over max_unsent_bytes, or without progress, before it is dropped
  double drain_seconds = 30;                       ///< for running requests to end when stopping
};

/// An OpenAI-compatible service over one engine: its routes, its metrics and the chat
/// page (docs/server.md). It runs on one thread of its own (and one more for large
/// request bodies). Methods are thread-safe.
class Server {
 public:
  /// Listens and serves. Busy: the port is in use; InvalidArgument: no such address.
  static Result<std::unique_ptr<Server>> start(std::shared_ptr<engine::Engine> engine, ServerOptions options = {});
  /// Stops at once if `stop` was not called: running requests are cancelled.
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;
  /// "http://127.0.0.1:8080"
  virtual std::string url() const = 0;
  virtual const std::string& model_id() const = 0;

  /// Drains: refuses new requests (503), lets running ones end for at most
  /// `ServerOptions::drain_seconds`, cancels the rest and closes. Returns whether all had ended.
  virtual bool stop() = 0;

  /// Blocks until SIGINT or SIGTERM, then stops as `stop` does; a second signal meanwhile
  /// cuts the draining short. What a command line calls after printing the address.
  /// Returns what `stop` returned.
  virtual bool wait_for_signal() = 0;
};

}  // namespace headrace::server
