#include "engine/loop/step_loop.h"

#include <algorithm>
#include <functional>

#include "base/log.h"

namespace headrace::engine {
namespace {

/// Stands for what pages are computed with. Adapters will be part of it.
uint64_t cache_identity(const model::Model& model) {
  const std::hash<std::string> hash;
  return hash(model.info().path.string()) * 31 + hash(model.info().name);
}

/// The backend answered what was asked.
bool matches(std::span<const Work> work, const model::Step& step, const model::StepResult& result) {
  if (result.runs.size() != work.size()) return false;
  for (size_t i = 0; i < work.size(); ++i) {
    if (result.runs[i].samples.size() != step.runs[i].samples.size()) return false;
    if (work[i].scores_prompt && result.runs[i].prompt_logprobs.size() + 1 != work[i].count) return false;
  }
  return true;
}

}  // namespace

StepLoop::StepLoop(model::Model& model, Inbox& inbox, const model::PagePool& pages, const SchedulerLimits& limits,
                   uint32_t logits_rows, Clock clock)
    : backend_(model.backend()),
      inbox_(inbox),
      pages_(pages),
      vocabulary_(model.info().vocabulary),
      logits_rows_(std::min(logits_rows, limits.chunks.step_tokens)),
      clock_(std::move(clock)),
      scheduler_(pages.pages, cache_identity(model), limits,
                 // A page is copied whole: what lies behind `tokens` is written before it is read.
                 [this](uint32_t from, uint32_t to, uint32_t) { backend_.copy_page(from, to); }),
      delivery_(stats_, [this] { publish_stats(); }) {
  stats_.pages = pages.pages;
  publish_stats();
}

/// One step, from news to delivery.
bool StepLoop::run_once() {
  take_news();
  take_cancelled();
  admit();
  const double begin = clock_();
  const std::span<const Work> work = scheduler_.choose();
  if (!work.empty()) {
    if (auto result = compute(work)) {
      scheduler_.record(clock_() - begin);
      deliver(work, *result);
    } else {
      fail_running(result.error());
    }
  } else if (!scheduler_.running().empty()) {
    fail_running({ErrorKind::Internal, "the scheduler found no work for the running sequences; please report this"});
  }
  publish_stats();
  return !work.empty();
}

// News ----------------------------------------------------------------------------

void StepLoop::take_news() {
  inbox_.take(news_);
  for (std::unique_ptr<ActiveRequest>& request : news_.requests) {
    scheduler_.enqueue(*request->choices[0]);
    const uint64_t id = request->id;
    requests_.emplace(id, std::move(request));
  }
  for (const uint64_t id : news_.cancelled) {
    const auto at = requests_.find(id);
    if (at == requests_.end() || at->second->cancelled) continue;
    at->second->cancelled = true;
    cancelled_.push_back(at->second.get());
  }
  for (LogitsJob* job : news_.logits) {
    // The job is gone as soon as its promise is kept.
    std::promise<Result<void>> done = std::move(job->done);
    done.set_value(compute_logits(job->tokens, job->into));
  }
}

void StepLoop::take_cancelled() {
  for (ActiveRequest* request : cancelled_) end(*request, FinishReason::Cancelled, nullptr);
  cancelled_.clear();
}

void StepLoop::admit() {
  started_.clear();
  scheduler_.admit(started_);
  for (Sequence* sequence : started_) {
    ActiveRequest& request = *sequence->request;
    if (request.admitted_at >= 0) continue;
    request.admitted_at = clock_();
    stats_.queue_time.add(request.admitted_at - request.submitted_at);
    stats_.prompt_tokens += request.usage.prompt_tokens;
    inbox_.admitted();
  }
}

// The step ------------------------------------------------------------------------

Result<model::StepResult> StepLoop::compute(std::span<const Work> work) {
  build_step(work);
  ++stats_.steps;
  HR_TRY(auto pending, backend_.submit(step_));
  HR_TRY(auto result, pending->wait());
  if (!matches(work, step_, result))
    return fail(ErrorKind::Internal, "the model's backend answered another step than the one it was given");
  return result;
}

void StepLoop::build_step(std::span<const Work> work) {
  step_.runs.clear();
  samples_.clear();
  for (const Work& piece : work)
    if (piece.samples) add_samples(*piece.sequence);

  size_t next_sample = 0;
  for (const Work& piece : work) {
    const Sequence& sequence = *piece.sequence;
    model::StepRun& run = step_.runs.emplace_back();
    run.tokens = std::span(sequence.tokens).subspan(piece.first, piece.count);
    run.first_position = piece.first;
    run.pages = sequence.pages;
    if (piece.samples) {
      const size_t count = sequence.output_tokens() == 0 ? sequence.request->request.best_of : 1;
      run.logits = model::LogitsRows::Last;
      run.samples = std::span(samples_).subspan(next_sample, count);
      next_sample += count;
    } else if (piece.scores_prompt) {
      run.logits = model::LogitsRows::All;
      run.want_prompt_logprobs = true;
      run.prompt_top_logprobs = sequence.request->request.top_logprobs;
    }
  }
}

void StepLoop::add_samples(const Sequence& sequence) {
  const ActiveRequest& request = *sequence.request;
  const bool first = sequence.output_tokens() == 0;
  for (uint32_t choice = sequence.choice; choice < (first ? request.request.best_of : sequence.choice + 1); ++choice) {
    model::SampleInput& input = samples_.emplace_back();
    input.parameters = &request.request.sampling;
    input.seed = request.seed;
    input.choice = choice;
    input.position = static_cast<uint32_t>(sequence.tokens.size());
    input.counts = sequence.counts;
    if (sequence.output_tokens() < request.request.min_tokens) input.allowed_mask = request.allowed_mask;
    input.top_logprobs = request.request.top_logprobs;
    input.logprob = request.wants_logprob();
  }
}

// Delivery ------------------------------------------------------------------------

void StepLoop::deliver(std::span<const Work> work, model::StepResult& result) {
  const double now = clock_();
  for (size_t i = 0; i < work.size(); ++i) {
    Sequence& sequence = *work[i].sequence;
    scheduler_.complete(work[i]);
    if (work[i].scores_prompt)
      delivery_.prompt_logprobs(*sequence.request, work[i].first + 1, result.runs[i].prompt_logprobs);
    if (work[i].samples) take_samples(sequence, result.runs[i].samples, now);
  }
  settle();
}

void StepLoop::take_samples(Sequence& sequence, std::vector<model::SampleOutput>& samples, double now) {
  ActiveRequest& request = *sequence.request;
  // The prompt's first step draws the first token of every choice; here they part.
  for (uint32_t choice = 1; choice < samples.size(); ++choice) {
    request.choices.push_back(std::make_unique<Sequence>(
        request, choice, request.request.prompt, request.tokenizer.stream_decoder({.skip_special = request.request.skip_special})));
    forks_.push_back({&sequence, request.choices.back().get()});
  }
  for (uint32_t i = 0; i < samples.size(); ++i) {
    Sequence& choice = samples.size() == 1 ? sequence : *request.choices[i];
    delivery_.token(choice, std::move(samples[i]), now);
    if (choice.ended()) ended_.push_back(&choice);
  }
  if (request.unfinished == 0) {
    finished_.push_back(&request);
  } else if (request.cancelled && std::ranges::find(cancelled_, &request) == cancelled_.end()) {
    cancelled_.push_back(&request);
  }
}

/// Pages follow: new choices share their parent's, ended ones give theirs back.
void StepLoop::settle() {
  for (const Fork& fork : forks_)
    if (!fork.child->ended()) scheduler_.fork(*fork.parent, *fork.child);
  forks_.clear();
  for (Sequence* sequence : ended_) scheduler_.remove(*sequence);
  ended_.clear();
  for (ActiveRequest* request : finished_) {
    std::erase(cancelled_, request);
    forget(*request);
  }
  finished_.clear();
  take_cancelled();
}

void StepLoop::end(ActiveRequest& request, FinishReason reason, const Error* error) {
  for (const auto& choice : request.choices) scheduler_.remove(*choice);
  delivery_.end(request, reason, error, clock_());
  forget(request);
}

void StepLoop::forget(ActiveRequest& request) {
  const bool was_admitted = request.admitted_at >= 0;
  requests_.erase(request.id);
  inbox_.ended(was_admitted);
}

void StepLoop::fail_running(const Error& error) {
  log(LogLevel::Error, "engine", "a step failed, and with it {} sequences: {}", scheduler_.running().size(), error.message);
  while (!scheduler_.running().empty()) end(*scheduler_.running().front()->request, FinishReason::Failed, &error);
}

void StepLoop::end_all() {
  take_news();
  while (!requests_.empty()) end(*requests_.begin()->second, FinishReason::Cancelled, nullptr);
  cancelled_.clear();
  publish_stats();
}

// Logits --------------------------------------------------------------------------

Result<void> StepLoop::compute_logits(std::span<const TokenId> tokens, std::span<float> into) {
  std::vector<uint32_t> pages;
  const auto count = static_cast<uint32_t>(tokens.size());
  if (!scheduler_.take_pages((count + kPageTokens - 1) / kPageTokens, pages))
    return fail(ErrorKind::OutOfRange, "the tokens do not fit the engine's pages");
  Result<void> status;
  for (uint32_t first = 0; first < count && status; first += logits_rows_) {
    model::Step step;
    model::StepRun& run = step.runs.emplace_back();
    run.tokens = tokens.subspan(first, std::min(logits_rows_, count - first));
    run.first_position = first;
    run.pages = pages;
    run.logits = model::LogitsRows::All;
    run.want_raw_logits = true;
    status = [&]() -> Result<void> {
      HR_TRY(auto pending, backend_.submit(step));
      HR_TRY(auto result, pending->wait());
      if (result.runs.size() != 1 || result.runs[0].logits_rows != run.tokens.size() || !result.runs[0].logits)
        return fail(ErrorKind::Internal, "the model's backend returned no logits");
      std::copy_n(result.runs[0].logits, run.tokens.size() * vocabulary_, into.data() + size_t{first} * vocabulary_);
      return {};
    }();
  }
  scheduler_.pool().release_all(pages);
  return status;
}

// Statistics ----------------------------------------------------------------------

void StepLoop::publish_stats() {
  const PagePool& pool = scheduler_.pool();
  stats_.running = static_cast<uint32_t>(scheduler_.running().size());
  stats_.waiting = static_cast<uint32_t>(scheduler_.waiting());
  stats_.pages_used = pool.used();
  stats_.pages_cached = scheduler_.cache().evictable();
  stats_.prefix_queries = scheduler_.looked_up_tokens();
  stats_.prefix_hits = scheduler_.found_tokens();
  stats_.preemptions = scheduler_.preemptions();
  stats_.kv_bytes_used_peak = pool.peak_used() * pages_.page_bytes;
  std::lock_guard lock(stats_mutex_);
  published_stats_ = stats_;
}

EngineStats StepLoop::stats() const {
  std::lock_guard lock(stats_mutex_);
  return published_stats_;
}

}  // namespace headrace::engine
