#include "net/http/wake_queue.h"

#include "net/http/asio.h"
#include "net/http/connection.h"

namespace headrace::net {

void WakeQueue::add(std::shared_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  if (!io_) return;
  waiting_.push_back(std::move(connection));
  if (posted_) return;
  posted_ = true;
  asio::post(*io_, [self = shared_from_this()] { self->drain(); });
}

void WakeQueue::close() {
  std::vector<std::shared_ptr<Connection>> dropped;
  std::lock_guard lock(mutex_);
  io_ = nullptr;
  dropped.swap(waiting_);
}

void WakeQueue::drain() {
  {
    std::lock_guard lock(mutex_);
    woken_.swap(waiting_);
    posted_ = false;
  }
  for (const auto& connection : woken_) connection->wake();
  woken_.clear();
}

}  // namespace headrace::net
