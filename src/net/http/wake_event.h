#pragma once

#include <memory>

#include "net/http/asio.h"

namespace headrace::net {

/// Something that one coroutine waits for and others on the same thread announce. A
/// notification without a waiter is kept for the next wait; several count as one.
class WakeEvent {
 public:
  explicit WakeEvent(asio::io_context& io) : io_(io) {}

  void notify() {
    if (!waiter_) {
      set_ = true;
      return;
    }
    waiter_.release()->resume(io_);
  }

  Task<void> wait() {
    if (!set_) {
      co_await asio::async_initiate<decltype(kAwait), void()>(
          [this](auto handler) { waiter_ = std::make_unique<Held<decltype(handler)>>(std::move(handler)); }, kAwait);
    }
    set_ = false;
  }

 private:
  struct Waiter {
    virtual ~Waiter() = default;
    /// Posts the coroutine's continuation; destroys itself.
    virtual void resume(asio::io_context& io) = 0;
  };
  template <class Handler>
  struct Held final : Waiter {
    explicit Held(Handler&& h) : handler(std::move(h)) {}
    void resume(asio::io_context& io) override {
      std::unique_ptr<Held> self(this);
      asio::post(io, std::move(handler));
    }
    Handler handler;
  };

  asio::io_context& io_;
  std::unique_ptr<Waiter> waiter_;
  bool set_ = false;
};

}  // namespace headrace::net
