#pragma once

#include <atomic>
#include <cmath>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "engine/engine.h"
#include "server/routes/service.h"

namespace headrace::test {

/// A vocabulary of the 256 bytes, spelled as GPT-2 does, and two control tokens.
inline text::TokenizerSource byte_vocabulary() {
  text::TokenizerSource source;
  source.pre_tokenizer = "default";
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    const uint32_t code = printable ? byte : next++;
    std::string letter;
    if (code < 0x80) letter = char(code);
    else letter = {char(0xC0 | (code >> 6)), char(0x80 | (code & 0x3F))};
    source.tokens.push_back(letter);
    source.kinds.push_back(text::TokenKind::Normal);
  }
  for (const char* control : {"<|im_start|>", "<|im_end|>"}) {
    source.tokens.push_back(control);
    source.kinds.push_back(text::TokenKind::Control);
  }
  source.bos = 256;
  source.eos = 257;
  return source;
}

constexpr const char* kChatTemplate =
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class FakeModel final : public model::Model {
 public:
  explicit FakeModel(const char* chat_template = kChatTemplate) : tokenizer_(*text::Tokenizer::compile(byte_vocabulary())) {
    info_.name = "fake";
    info_.architecture = "fake";
    if (chat_template) chat_template_ = *text::ChatTemplate::compile(chat_template);
  }
  const model::ModelInfo& info() const override { return info_; }
  const std::shared_ptr<const text::Tokenizer>& tokenizer() const override { return tokenizer_; }
  const std::shared_ptr<const text::ChatTemplate>& chat_template() const override { return chat_template_; }
  model::Backend& backend() override { std::abort(); }
  const std::shared_ptr<MemoryBudget>& budget() const override { return process_budget(); }

 private:
  model::ModelInfo info_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::shared_ptr<const text::ChatTemplate> chat_template_;
};

/// Answers every request with the letters a, b, c, … (choice 1 begins at b), a letter a
/// step, until max_tokens, or after 26 with "stop".
class FakeEngine final : public engine::Engine {
 public:
  struct Settings {
    std::chrono::microseconds step{200};
    uint32_t context = 2000;
    uint32_t max_queue = 64;
    uint32_t letters = 26;
    bool has_template = true;
    bool fails = false;
  };
  explicit FakeEngine(Settings settings)
      : settings_(settings), model_(std::make_shared<FakeModel>(settings.has_template ? kChatTemplate : nullptr)),
        thread_([this] { run(); }) {}
  FakeEngine() : FakeEngine(Settings()) {}
  ~FakeEngine() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  Result<RequestId> submit(engine::Request request, engine::EventSink sink) override {
    std::lock_guard lock(mutex_);
    if (draining_ || active_.size() >= settings_.max_queue) return fail(ErrorKind::Busy, "the queue is full; try again later");
    const RequestId id = ++last_id_;
    last_request = request;
    ++submitted;
    active_[id] = {std::move(request), std::move(sink)};
    changed_.notify_all();
    return id;
  }
  void cancel(RequestId id) override {
    std::lock_guard lock(mutex_);
    if (const auto found = active_.find(id); found != active_.end()) found->second.cancelled = true;
  }
  bool drain(double seconds) override {
    std::unique_lock lock(mutex_);
    draining_ = true;
    return changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return active_.empty(); });
  }
  Result<std::vector<float>> logits(std::span<const text::TokenId>) override { return fail(ErrorKind::Unsupported, "no"); }
  engine::EngineStats stats() const override {
    std::lock_guard lock(mutex_);
    engine::EngineStats stats = stats_;
    stats.running = uint32_t(active_.size());
    return stats;
  }
  uint32_t context() const override { return settings_.context; }
  const std::shared_ptr<model::Model>& model() const override { return model_; }

  engine::Request last_request;     // of the latest submit; read when nothing is being submitted
  std::atomic<uint32_t> submitted{0};

 private:
  struct Active {
    engine::Request request;
    engine::EventSink sink;
    uint32_t position = 0;
    bool cancelled = false;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      if (active_.empty()) {
        changed_.wait(lock);
        continue;
      }
      lock.unlock();
      std::this_thread::sleep_for(settings_.step);
      lock.lock();
      for (auto entry = active_.begin(); entry != active_.end();) entry = step(entry->second) ? std::next(entry) : active_.erase(entry);
      changed_.notify_all();
    }
  }

  /// False when the request has ended.
  bool step(Active& active) {
    const engine::Request& request = active.request;
    const bool ended = active.cancelled || settings_.fails;
    const uint32_t length = std::min(settings_.letters, request.max_tokens == 0 ? settings_.letters : request.max_tokens);
    ++active.position;
    const bool last = ended || active.position == length;
    for (uint32_t choice = 0; choice < request.n; ++choice) {
      engine::Event event;
      event.choice = choice;
      if (request.echo && active.position == 1 && choice == 0) {
        for (const auto id : request.prompt) event.prompt.push_back({id, -1.0f, {{id, -1.0f}}});
        event.prompt[0].logprob = NAN;
      }
      const text::TokenId letter = 'a' + (active.position - 1 + choice) % 26;
      if (!ended) {
        event.text = std::string(1, char(letter));
        event.tokens.push_back({letter, -0.5f, {{letter, -0.5f}, {65, -2.0f}}});
        ++stats_.generation_tokens;
      }
      if (last) event.finish = reason(active, length);
      if (settings_.fails) event.error = Error{ErrorKind::OutOfMemory, "no memory for this"};
      event.done = last && choice + 1 == request.n;
      if (event.done) event.usage = {uint32_t(request.prompt.size()), length * request.n, 3};
      if (event.done) (active.cancelled ? stats_.requests_cancelled : stats_.requests_stop)++;
      if (!active.sink(std::move(event))) {
        if (!active.cancelled) ++stats_.requests_cancelled;
        return false;
      }
    }
    return !last;
  }

  engine::FinishReason reason(const Active& active, uint32_t length) const {
    if (active.cancelled) return engine::FinishReason::Cancelled;
    if (settings_.fails) return engine::FinishReason::Failed;
    return length < settings_.letters ? engine::FinishReason::Length : engine::FinishReason::Stop;
  }

  const Settings settings_;
  const std::shared_ptr<model::Model> model_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<RequestId, Active> active_;
  RequestId last_id_ = 0;
  bool draining_ = false;
  bool ending_ = false;
  engine::EngineStats stats_;
  std::thread thread_;
};

/// A Service as routes see it, over a fake engine.
inline std::shared_ptr<server::Service> fake_service(FakeEngine::Settings settings = {}) {
  auto service = std::make_shared<server::Service>();
  service->engine = std::make_shared<FakeEngine>(settings);
  service->model_id = "fake";
  service->fingerprint = "fp_test";
  return service;
}

}  // namespace headrace::test
