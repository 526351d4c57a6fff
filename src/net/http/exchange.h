#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "net/http_server.h"

namespace headrace::net {

class Connection;
class WakeQueue;

/// One request's answer on its way: the handler's threads fill it, the connection's
/// coroutine empties it. Thread-safe.
class Exchange {
 public:
  struct Form {
    bool chunked = true;      ///< HTTP/1.1; otherwise a stream ends with the connection
    bool keep_alive = true;
    bool head_only = false;   ///< HEAD: no body is sent
    uint64_t max_unsent_bytes = 0;
    const std::vector<HttpHeader>* common_headers = nullptr;  ///< outlives the exchange's connection
  };
  Exchange(Form form, std::shared_ptr<WakeQueue> queue, std::weak_ptr<Connection> connection)
      : form_(form), queue_(std::move(queue)), connection_(std::move(connection)) {}

  // The handler's side.
  void respond(HttpResponse&& response);
  void begin(int status, std::string_view content_type, const std::vector<HttpHeader>& headers);
  bool write(std::string_view bytes);
  void finish();
  /// The last Responder went away.
  void abandon();
  void on_closed(std::function<void()> callback);
  bool closed() const;

  // The connection's side.
  /// Moves what is ready to be sent into `out` (emptied before). True: the answer is
  /// complete with it.
  bool take(std::string& out);
  /// The client has gone: calls the callback, and `write` is false from now on.
  void close();
  /// From here on answers say "Connection: close".
  void end_keep_alive();
  bool keep_alive() const;
  /// Unsent bytes have been over the limit for `seconds`, or are far over it.
  bool too_slow(double seconds) const;

 private:
  using Clock = std::chrono::steady_clock;
  void append_head(int status, std::string_view content_type, const std::vector<HttpHeader>& headers,
                   const uint64_t* content_length);
  /// Unlocks, then has the connection woken if it was not already.
  void wake(std::unique_lock<std::mutex> lock);

  mutable std::mutex mutex_;
  Form form_;
  const std::shared_ptr<WakeQueue> queue_;
  const std::weak_ptr<Connection> connection_;
  std::string head_;
  std::string body_;
  bool began_ = false;
  bool stream_ = false;
  bool finished_ = false;
  bool cut_ = false;  // an abandoned stream: no proper end
  bool closed_ = false;
  bool overflowed_ = false;  // bytes were lost: the client must be dropped
  bool scheduled_ = false;
  Clock::time_point over_limit_since_ = Clock::time_point::max();
  std::function<void()> closed_callback_;
};

}  // namespace headrace::net
