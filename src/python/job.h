#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "python/notifier.h"
#include "python/process_bound.h"

namespace headrace::python {

/// The engine of an LLM, which close() takes away while others may be using it.
class EngineHolder {
 public:
  explicit EngineHolder(std::shared_ptr<engine::Engine> engine) : engine_(std::move(engine)) {}
  /// Null once closed.
  std::shared_ptr<engine::Engine> get() const;
  /// Lets go of the engine; whoever uses it last ends it.
  std::shared_ptr<engine::Engine> close();

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<engine::Engine> engine_;
};

/// What has been generated of one choice.
struct Choice {
  std::string text;
  std::vector<engine::TokenOutput> tokens;
  engine::FinishReason finish = engine::FinishReason::None;
  std::string stop_text;
};

/// One prompt of a job and what became of it.
struct Item {
  std::vector<Choice> choices;
  std::vector<engine::TokenOutput> prompt;
  engine::Usage usage;
};

/// News of one choice, for whoever streams it.
struct Piece {
  uint32_t item = 0;
  engine::Event event;
};

/// Requests that were submitted together, gathered on the engine's thread and read by
/// Python's. Thread-safe.
class Job {
 public:
  Job(size_t items, bool streams, std::shared_ptr<Notifier> notifier, uint64_t key);

  /// Submits one request for each prompt; on an error those submitted before are cancelled.
  static Result<std::shared_ptr<Job>> submit(const std::shared_ptr<EngineHolder>& holder, std::vector<engine::Request> requests,
                                             bool streams, std::shared_ptr<Notifier> notifier, uint64_t key);

  /// Ends what still runs; the job is finished at once, whatever the engine still does.
  void cancel();
  bool finished() const;
  /// Waits at most a slice for something that `next` or `items` would give.
  bool wait_slice();
  /// The oldest piece that has not been taken.
  std::optional<Piece> next();
  /// The first error of any request.
  std::optional<Error> error() const;
  /// Takes what has been gathered; only once finished.
  std::vector<Item> take_items();

 private:
  bool take(uint32_t item, engine::Event&& event);
  void gather(Item& item, const engine::Event& event);
  bool ended() const;

  std::weak_ptr<engine::Engine> engine_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<engine::Engine::RequestId> ids_;
  std::vector<Item> items_;
  std::deque<Piece> pieces_;
  size_t ended_ = 0;
  bool streams_;
  bool cancelled_ = false;
  std::optional<Error> error_;
  std::shared_ptr<Notifier> notifier_;
  uint64_t key_;
};

}  // namespace headrace::python
