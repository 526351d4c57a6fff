#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace headrace::net {

class Connection;

/// Connections that have something to send, announced from any thread. The io thread is
/// woken once for all that gather before it comes round, so an engine step that feeds
/// sixty streams costs one wake-up.
class WakeQueue : public std::enable_shared_from_this<WakeQueue> {
 public:
  explicit WakeQueue(boost::asio::io_context& io) : io_(&io) {}

  void add(std::shared_ptr<Connection> connection);
  /// Forgets the io context; later calls of `add` do nothing.
  void close();

 private:
  void drain();

  std::mutex mutex_;
  boost::asio::io_context* io_;
  std::vector<std::shared_ptr<Connection>> waiting_;
  std::vector<std::shared_ptr<Connection>> woken_;  // io thread only; keeps its capacity
  bool posted_ = false;
};

}  // namespace headrace::net
