#include "engine/loop/inbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace headrace::engine {

void News::clear() {
  requests.clear();
  cancelled.clear();
  logits.clear();
}

Result<uint64_t> Inbox::add(std::unique_ptr<ActiveRequest> request) {
  std::lock_guard lock(mutex_);
  if (stopped_ || draining_) return fail(ErrorKind::Busy, "the engine is shutting down and takes no more requests");
  if (queued_ >= max_queue_)
    return fail(ErrorKind::Busy, fmt::format("the queue is full: {} requests are waiting; try again later", queued_));
  ++queued_;
  ++outstanding_;
  const uint64_t id = request->id = ++last_id_;
  news_.requests.push_back(std::move(request));
  news_here_.notify_one();
  return id;
}

void Inbox::cancel(uint64_t id) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  news_.cancelled.push_back(id);
  news_here_.notify_one();
}

Result<void> Inbox::add(LogitsJob& job) {
  std::lock_guard lock(mutex_);
  if (stopped_) return fail(ErrorKind::Busy, "the engine is shutting down and takes no more requests");
  news_.logits.push_back(&job);
  news_here_.notify_one();
  return {};
}

bool Inbox::drain(double seconds) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  const double bounded = std::min(std::max(seconds, 0.0), 1e6);
  return all_ended_.wait_for(lock, std::chrono::duration<double>(bounded), [&] { return outstanding_ == 0; });
}

void Inbox::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  news_here_.notify_one();
}

uint32_t Inbox::queued() const {
  std::lock_guard lock(mutex_);
  return queued_;
}

bool Inbox::wait(bool idle) {
  std::unique_lock lock(mutex_);
  auto has_news = [&] { return !news_.requests.empty() || !news_.cancelled.empty() || !news_.logits.empty(); };
  if (idle) news_here_.wait(lock, [&] { return stopped_ || has_news(); });
  return !stopped_;
}

void Inbox::take(News& news) {
  news.clear();
  std::lock_guard lock(mutex_);
  std::swap(news, news_);
}

void Inbox::admitted() {
  std::lock_guard lock(mutex_);
  --queued_;
}

void Inbox::ended(bool was_admitted) {
  std::lock_guard lock(mutex_);
  if (!was_admitted) --queued_;
  if (--outstanding_ == 0) all_ended_.notify_all();
}

}  // namespace headrace::engine
