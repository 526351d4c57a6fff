#include "python/job.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python/bindings.h"
#include "python/interruptible.h"
#include "python/job_object.h"

namespace nb = nanobind;

namespace headrace::python {

std::shared_ptr<engine::Engine> EngineHolder::get() const {
  const std::lock_guard lock(mutex_);
  return engine_;
}

std::shared_ptr<engine::Engine> EngineHolder::close() {
  const std::lock_guard lock(mutex_);
  return std::exchange(engine_, nullptr);
}

Job::Job(size_t items, bool streams, std::shared_ptr<Notifier> notifier, uint64_t key)
    : items_(items), streams_(streams), notifier_(std::move(notifier)), key_(key) {}

Result<std::shared_ptr<Job>> Job::submit(const std::shared_ptr<EngineHolder>& holder, std::vector<engine::Request> requests,
                                         bool streams, std::shared_ptr<Notifier> notifier, uint64_t key) {
  const auto engine = holder->get();
  if (!engine) return fail(ErrorKind::InvalidArgument, "this LLM has been closed");
  auto job = std::make_shared<Job>(requests.size(), streams, std::move(notifier), key);
  job->engine_ = engine;
  for (uint32_t i = 0; i < requests.size(); ++i) {
    job->items_[i].choices.resize(requests[i].n);
    auto id = engine->submit(std::move(requests[i]), [job, i](engine::Event&& event) { return job->take(i, std::move(event)); });
    if (!id) {
      job->cancel();
      return std::unexpected(std::move(id).error());
    }
    const std::lock_guard lock(job->mutex_);
    job->ids_.push_back(*id);
  }
  return job;
}

bool Job::take(uint32_t item, engine::Event&& event) {
  const std::lock_guard lock(mutex_);
  gather(items_[item], event);
  if (event.error && !error_) error_ = event.error;
  if (event.finish == engine::FinishReason::Cancelled && !cancelled_ && !error_) {
    error_ = Error{ErrorKind::Cancelled, "the LLM was closed while it was answering"};
  }
  if (event.done) ++ended_;
  const bool news = streams_ || error_ || ended_ == items_.size();
  if (streams_) pieces_.push_back({item, std::move(event)});
  if (news) {
    changed_.notify_all();
    if (notifier_) notifier_->notify(key_);
  }
  return !cancelled_;
}

void Job::gather(Item& item, const engine::Event& event) {
  if (!event.prompt.empty()) item.prompt = event.prompt;
  if (event.done) item.usage = event.usage;
  if (streams_ || event.choice >= item.choices.size()) return;
  auto& choice = item.choices[event.choice];
  choice.text += event.text;
  choice.tokens.insert(choice.tokens.end(), event.tokens.begin(), event.tokens.end());
  if (event.finish == engine::FinishReason::None) return;
  choice.finish = event.finish;
  choice.stop_text = event.stop_text;
}

void Job::cancel() {
  std::vector<engine::Engine::RequestId> ids;
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_ || ended_ == items_.size()) return;
    cancelled_ = true;
    ids = ids_;
    changed_.notify_all();
  }
  const auto engine = engine_.lock();
  if (!engine) return;
  for (const auto id : ids) engine->cancel(id);
}

bool Job::ended() const { return ended_ == items_.size() || error_ || cancelled_; }

bool Job::finished() const {
  const std::lock_guard lock(mutex_);
  return ended();
}

bool Job::wait_slice() {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return ended() || !pieces_.empty(); };
  if (changed_.wait_for(lock, kSlice, ready)) return true;
  if (engine_.expired()) error_ = Error{ErrorKind::Cancelled, "the LLM was closed while it was answering"};
  return error_.has_value();
}

std::optional<Piece> Job::next() {
  const std::lock_guard lock(mutex_);
  if (pieces_.empty()) return std::nullopt;
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  return piece;
}

std::optional<Error> Job::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

std::vector<Item> Job::take_items() {
  const std::lock_guard lock(mutex_);
  return std::move(items_);
}

JobObject::~JobObject() {
  // A job that nobody can read any more need not be computed.
  if (job_.owns()) job_.get()->cancel();
}

namespace {

nb::object logprob_entry(float logprob) { return std::isnan(logprob) ? nb::none() : nb::object(nb::float_(logprob)); }

/// [(id, logprob, [(id, logprob)…])…]
nb::list token_list(const std::vector<engine::TokenOutput>& tokens) {
  nb::list list;
  for (const auto& token : tokens) {
    nb::list top;
    for (const auto& other : token.top) top.append(nb::make_tuple(other.id, other.logprob));
    list.append(nb::make_tuple(token.id, logprob_entry(token.logprob), top));
  }
  return list;
}

nb::object finish_object(engine::FinishReason finish) {
  if (finish == engine::FinishReason::None) return nb::none();
  return nb::cast(engine::name(finish));
}

nb::tuple usage_tuple(const engine::Usage& usage) {
  return nb::make_tuple(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens);
}

void raise_error(Job& job) {
  auto error = job.error();
  if (!error) return;
  job.cancel();
  throw Failure(*std::move(error));
}

/// Waits for news; Ctrl-C cancels the job.
void wait_for_news(Job& job) {
  for (;;) {
    {
      const nb::gil_scoped_release released;
      if (job.wait_slice()) return;
    }
    if (PyErr_CheckSignals() != 0) {
      job.cancel();
      throw nb::python_error();
    }
  }
}

/// (choice, text, tokens, finish, prompt, done, usage)
nb::tuple piece_tuple(const Piece& piece) {
  const auto& e = piece.event;
  return nb::make_tuple(e.choice, e.text, token_list(e.tokens), finish_object(e.finish), token_list(e.prompt), e.done, usage_tuple(e.usage));
}

nb::object take_piece(const JobObject& self) {
  Job& job = *self.get();
  if (auto piece = job.next(); piece && !piece->event.error) return piece_tuple(*piece);
  raise_error(job);
  return nb::none();
}

nb::object next_piece(const JobObject& self) {
  Job& job = *self.get();
  for (;;) {
    nb::object piece = take_piece(self);
    if (!piece.is_none() || job.finished()) return piece;
    wait_for_news(job);
  }
}

/// [([(text, tokens, finish, stop_text)…], prompt, usage)…]
nb::list results(const JobObject& self) {
  Job& job = *self.get();
  while (!job.finished()) wait_for_news(job);
  raise_error(job);
  nb::list list;
  for (const auto& item : job.take_items()) {
    nb::list choices;
    for (const auto& c : item.choices) choices.append(nb::make_tuple(c.text, token_list(c.tokens), finish_object(c.finish), c.stop_text));
    list.append(nb::make_tuple(choices, token_list(item.prompt), usage_tuple(item.usage)));
  }
  return list;
}

}  // namespace

void bind_job(nb::module_& module) {
  nb::class_<JobObject>(module, "Job")
      .def("results", &results)
      .def("next_piece", &next_piece)
      .def("take_piece", &take_piece)
      .def("cancel", [](const JobObject& self) { self.get()->cancel(); })
      .def_prop_ro("finished", [](const JobObject& self) { return self.get()->finished(); });
}

}  // namespace headrace::python
