#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "server/reply/reply.h"
#include "server/routes/service.h"

namespace headrace::server {

/// One client's request while the engine works on it: submits its prompts, passes events
/// to its reply, and cancels what is left when the client goes. Kept alive by the sinks
/// that the engine holds; it does not keep the engine alive, which must not end on its
/// own thread.
class Generation : public std::enable_shared_from_this<Generation> {
 public:
  static void start(std::shared_ptr<Service> service, net::Responder responder, std::vector<engine::Request> requests,
                    std::unique_ptr<Reply> reply);

  Generation(std::weak_ptr<Service> service, std::unique_ptr<Reply> reply)
      : service_(std::move(service)), reply_(std::move(reply)) {}

 private:
  void submit(engine::Engine& engine, std::vector<engine::Request> requests);
  bool event(uint32_t prompt, engine::Event&& event);
  /// Cancels what was submitted, and what will be.
  void cancel();

  const std::weak_ptr<Service> service_;
  const std::unique_ptr<Reply> reply_;
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::vector<engine::Engine::RequestId> ids_;  // guarded by mutex_
};

}  // namespace headrace::server
