#include "server/reply/generation.h"

namespace headrace::server {

void Generation::start(std::shared_ptr<Service> service, net::Responder responder, std::vector<engine::Request> requests,
                       std::unique_ptr<Reply> reply) {
  auto generation = std::make_shared<Generation>(service, std::move(reply));
  responder.on_closed([weak = std::weak_ptr(generation)] {
    if (auto generation = weak.lock()) generation->cancel();
  });
  generation->submit(*service->engine, std::move(requests));
}

void Generation::submit(engine::Engine& engine, std::vector<engine::Request> requests) {
  for (uint32_t prompt = 0; prompt < requests.size(); ++prompt) {
    auto sink = [self = shared_from_this(), prompt](engine::Event&& event) { return self->event(prompt, std::move(event)); };
    auto id = engine.submit(std::move(requests[prompt]), std::move(sink));
    if (!id) {
      cancel();
      return reply_->fail(from_error(id.error()));
    }
    {
      std::lock_guard lock(mutex_);
      ids_.push_back(*id);
    }
    if (cancelled_) return cancel();  // the client went meanwhile
  }
  reply_->accepted();
}

bool Generation::event(uint32_t prompt, engine::Event&& event) {
  return !cancelled_ && reply_->event(prompt, std::move(event));
}

void Generation::cancel() {
  cancelled_ = true;
  std::vector<engine::Engine::RequestId> ids;
  {
    std::lock_guard lock(mutex_);
    ids.swap(ids_);
  }
  const auto service = service_.lock();
  if (!service) return;
  for (const auto id : ids) service->engine->cancel(id);
}

}  // namespace headrace::server
