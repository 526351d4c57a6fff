#include "engine/schedule/scheduler.h"

#include <algorithm>
#include <utility>

#include "engine/schedule/active_request.h"

namespace headrace::engine {
namespace {

bool before(const Sequence* a, const Sequence* b) {
  return a->request->id != b->request->id ? a->request->id < b->request->id : a->choice < b->choice;
}

template <class Container>
void insert_in_order(Container& sequences, Sequence* sequence) {
  sequences.insert(std::upper_bound(sequences.begin(), sequences.end(), sequence, before), sequence);
}

/// How many sequences this one is, or becomes when its prompt is computed.
uint32_t slots(const Sequence& sequence) {
  return sequence.output_tokens() == 0 ? sequence.request->request.best_of : 1;
}

bool decodes(const Sequence& sequence) { return sequence.uncomputed() == 1 && sequence.prompt_scored; }

uint32_t pages_for(uint32_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

PrefixCache::PageTokens page_tokens(const Sequence& sequence, uint32_t page) {
  return PrefixCache::PageTokens(sequence.tokens.data() + size_t{page} * kPageTokens, kPageTokens);
}

uint32_t parent_of(const std::vector<uint32_t>& pages, uint32_t page) {
  return page == 0 ? PrefixCache::kNone : pages[page - 1];
}

}  // namespace

Scheduler::Scheduler(uint32_t pages, uint64_t cache_identity, const SchedulerLimits& limits, CopyPage copy_page)
    : limits_(limits),
      copy_page_(std::move(copy_page)),
      cache_(pages, cache_identity),
      pool_(pages, cache_),
      rule_(limits.chunks) {
  running_.reserve(limits.max_sequences);
  work_.reserve(limits.max_sequences);
  found_.reserve(pages);
}

void Scheduler::enqueue(Sequence& sequence) { insert_in_order(waiting_, &sequence); }

void Scheduler::remove(Sequence& sequence) {
  if (sequence.running) {
    std::erase(running_, &sequence);
    pool_.release_all(sequence.pages);
    sequence.running = false;
  } else {
    std::erase(waiting_, &sequence);
  }
}

// Admission -----------------------------------------------------------------------

void Scheduler::admit(std::vector<Sequence*>& started) {
  // Nobody overtakes: when the first does not fit, the others wait with it.
  while (!waiting_.empty() && try_admit(*waiting_.front())) {
    started.push_back(waiting_.front());
    waiting_.pop_front();
  }
}

bool Scheduler::try_admit(Sequence& sequence) {
  if (slots_used() + slots(sequence) > limits_.max_sequences) return false;
  const uint32_t unheld = find_prefix(sequence);
  const uint32_t missing = pages_for(static_cast<uint32_t>(sequence.tokens.size())) - static_cast<uint32_t>(found_.size());
  // Every running sequence can still grow by a page before one is preempted.
  if (missing + running_.size() > pool_.available() - unheld) return false;

  for (const uint32_t page : found_) pool_.retain(page);
  sequence.pages.assign(found_.begin(), found_.end());
  for (uint32_t i = 0; i < missing; ++i) sequence.pages.push_back(*pool_.take());
  sequence.published = static_cast<uint32_t>(found_.size());
  sequence.computed = sequence.published * kPageTokens;
  sequence.running = true;
  insert_in_order(running_, &sequence);
  if (sequence.output_tokens() == 0 && !sequence.preempted) {
    looked_up_tokens_ += sequence.prompt_tokens;
    found_tokens_ += sequence.computed;
    sequence.request->usage.cached_tokens = sequence.computed;
  }
  return true;
}

uint32_t Scheduler::slots_used() const {
  uint32_t used = 0;
  for (const Sequence* sequence : running_) used += slots(*sequence);
  return used;
}

/// Fills `found_` with the pages that hold the beginning of the sequence's tokens, and
/// returns how many of them nobody holds. The last token is always left to compute: its
/// logits are wanted.
uint32_t Scheduler::find_prefix(const Sequence& sequence) {
  found_.clear();
  if (!limits_.prefix_cache || !sequence.prompt_scored) return 0;
  uint32_t unheld = 0;
  const uint32_t full = (static_cast<uint32_t>(sequence.tokens.size()) - 1) / kPageTokens;
  for (uint32_t i = 0; i < full; ++i) {
    const auto page = cache_.find(parent_of(found_, i), page_tokens(sequence, i));
    if (!page) break;
    found_.push_back(*page);
    if (pool_.holders(*page) == 0) ++unheld;
  }
  return unheld;
}

// The step's work -----------------------------------------------------------------

std::span<const Work> Scheduler::choose() {
  work_.clear();
  decodes_ = prompt_tokens_ = 0;
  add_decodes();
  add_prompts();
  return work_;
}

void Scheduler::add_decodes() {
  // Growing may preempt sequences, but only later ones, which are not in the work yet.
  for (size_t i = 0; i < running_.size(); ++i) {
    Sequence& sequence = *running_[i];
    if (!decodes(sequence)) continue;
    if (!grow(sequence)) return;
    work_.push_back({.sequence = &sequence, .first = sequence.computed, .count = 1, .samples = true});
    ++decodes_;
  }
}

void Scheduler::add_prompts() {
  const auto prompts = static_cast<uint32_t>(running_.size() - decodes_);
  if (prompts == 0) return;
  uint32_t budget = rule_.prompt_tokens(decodes_, prompts + static_cast<uint32_t>(waiting_.size()));
  for (Sequence* sequence : running_) {
    if (budget == 0) return;
    if (!decodes(*sequence)) add_prompt_chunk(*sequence, budget);
  }
}

void Scheduler::add_prompt_chunk(Sequence& sequence, uint32_t& budget) {
  adopt_computed_pages(sequence);
  Work work{.sequence = &sequence, .first = sequence.computed};
  if (!sequence.prompt_scored) {
    // The row before a chunk says how likely the chunk's first token was: it is computed
    // again, to the same bits.
    work.first -= std::min(work.first, 1u);
    work.count = std::min(sequence.prompt_tokens - work.first, budget);
    work.scores_prompt = true;
    if (work.count < 2) return;
  } else {
    work.count = std::min(sequence.uncomputed(), budget);
    work.samples = work.count == sequence.uncomputed();
  }
  budget -= work.count;
  prompt_tokens_ += work.count;
  work_.push_back(work);
}

/// A sequence that started with the same prompt may have computed the next pages since
/// this one was admitted.
void Scheduler::adopt_computed_pages(Sequence& sequence) {
  if (!limits_.prefix_cache || !sequence.prompt_scored || sequence.computed % kPageTokens != 0) return;
  while (sequence.computed + kPageTokens < sequence.tokens.size()) {
    const uint32_t i = sequence.published;
    const auto page = cache_.find(parent_of(sequence.pages, i), page_tokens(sequence, i));
    if (!page) return;
    pool_.retain(*page);
    pool_.release(std::exchange(sequence.pages[i], *page));
    ++sequence.published;
    sequence.computed += kPageTokens;
    if (sequence.output_tokens() > 0 || sequence.preempted) continue;
    found_tokens_ += kPageTokens;
    sequence.request->usage.cached_tokens += kPageTokens;
  }
}

void Scheduler::complete(const Work& work) {
  Sequence& sequence = *work.sequence;
  sequence.computed = work.first + work.count;
  if (work.scores_prompt) {
    if (sequence.computed < sequence.prompt_tokens) return;
    // The last prompt token runs once more, by itself, to draw the next one.
    sequence.prompt_scored = true;
    --sequence.computed;
  }
  publish(sequence);
}

void Scheduler::publish(Sequence& sequence) {
  if (!limits_.prefix_cache) return;
  for (; (sequence.published + 1) * kPageTokens <= sequence.computed; ++sequence.published) {
    const uint32_t i = sequence.published;
    const uint32_t parent = parent_of(sequence.pages, i);
    if (const auto twin = cache_.find(parent, page_tokens(sequence, i))) {
      // Another sequence computed the same tokens meanwhile, to the same bits: keep one.
      pool_.retain(*twin);
      pool_.release(std::exchange(sequence.pages[i], *twin));
    } else {
      cache_.insert(sequence.pages[i], parent, page_tokens(sequence, i));
    }
  }
}

// Pages ---------------------------------------------------------------------------

bool Scheduler::grow(Sequence& sequence) {
  if (sequence.computed < sequence.pages.size() * kPageTokens) return true;
  uint32_t page;
  if (!take_page(sequence, page)) {
    preempt_latest();  // which is this one
    return false;
  }
  sequence.pages.push_back(page);
  return true;
}

/// Takes a page, from sequences that came later than `for_sequence` if it must.
bool Scheduler::take_page(const Sequence& for_sequence, uint32_t& page) {
  for (;;) {
    if (const auto taken = pool_.take()) {
      page = *taken;
      return true;
    }
    if (running_.empty() || !before(&for_sequence, running_.back())) return false;
    preempt_latest();
  }
}

/// The latest sequence gives its pages back and is computed again later; its full pages
/// stay in the prefix cache as long as nobody needs the room.
void Scheduler::preempt_latest() {
  Sequence& sequence = *running_.back();
  running_.pop_back();
  pool_.release_all(sequence.pages);
  sequence.computed = sequence.published = 0;
  sequence.running = false;
  sequence.preempted = true;
  enqueue(sequence);
  ++preemptions_;
}

void Scheduler::fork(const Sequence& parent, Sequence& child) {
  const uint32_t full = parent.computed / kPageTokens;
  const uint32_t partial = parent.computed % kPageTokens;
  uint32_t page = 0;
  if (!parent.running || (partial > 0 && !take_page(child, page))) {
    enqueue(child);
    return;
  }
  for (uint32_t i = 0; i < full; ++i) {
    pool_.retain(parent.pages[i]);
    child.pages.push_back(parent.pages[i]);
  }
  if (partial > 0) {
    copy_page_(parent.pages[full], page, partial);
    child.pages.push_back(page);
  }
  child.computed = parent.computed;
  child.published = parent.published;
  child.running = true;
  insert_in_order(running_, &child);
}

bool Scheduler::take_pages(uint32_t count, std::vector<uint32_t>& pages) {
  while (pool_.available() < count) {
    if (running_.empty()) return false;
    preempt_latest();
  }
  for (uint32_t i = 0; i < count; ++i) pages.push_back(*pool_.take());
  return true;
}

}  // namespace headrace::engine
