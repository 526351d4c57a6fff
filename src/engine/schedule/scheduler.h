#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "engine/schedule/chunk_rule.h"
#include "engine/pages/page_pool.h"
#include "engine/pages/prefix_cache.h"
#include "engine/schedule/sequence.h"

namespace headrace::engine {

/// What a step does for one sequence: compute tokens [first, first + count).
struct Work {
  Sequence* sequence = nullptr;
  uint32_t first = 0;
  uint32_t count = 0;
  bool samples = false;        ///< the last known token is among them: draw the next
  bool scores_prompt = false;  ///< report the logprob of each next token of the prompt
};

struct SchedulerLimits {
  uint32_t max_sequences = 256;
  bool prefix_cache = true;
  ChunkLimits chunks;
};

/// Decides which sequences run and what each step computes. First come, first served:
/// every running sequence came before every waiting one. Knows pages and positions, no
/// text and no model. Used by the engine's thread only.
class Scheduler {
 public:
  /// Copies the first `tokens` positions of a page to another.
  using CopyPage = std::function<void(uint32_t from, uint32_t to, uint32_t tokens)>;

  Scheduler(uint32_t pages, uint64_t cache_identity, const SchedulerLimits& limits, CopyPage copy_page);

  /// Queues a sequence by its order of arrival.
  void enqueue(Sequence& sequence);
  /// Takes a sequence out, running or waiting, and gives its pages back.
  void remove(Sequence& sequence);

  /// Lets waiting sequences run while their tokens find pages. The sequences that
  /// start are appended to `started`.
  void admit(std::vector<Sequence*>& started);
  /// The next step's work: one token for each sequence that decodes, then prompt chunks
  /// in order of arrival. Valid until the next call.
  std::span<const Work> choose();
  /// A step is done: its tokens are computed, its full pages can be found again.
  void complete(const Work& work);
  /// Tells the chunk rule what the last step took.
  void record(double seconds) { rule_.record(decodes_, prompt_tokens_, seconds); }

  /// Lets `child` run beside `parent`, whose prompt is computed: full pages are shared,
  /// a partial one is copied. Without a page for that, the child is queued instead.
  void fork(const Sequence& parent, Sequence& child);

  /// Takes pages for work outside the scheduler's, preempting the latest sequences if it
  /// must; false if the pool is too small. Give them back with `pool().release_all`.
  bool take_pages(uint32_t count, std::vector<uint32_t>& pages);

  std::span<Sequence* const> running() const { return running_; }
  size_t waiting() const { return waiting_.size(); }
  bool idle() const { return running_.empty() && waiting_.empty(); }
  PagePool& pool() { return pool_; }
  const PagePool& pool() const { return pool_; }
  const PrefixCache& cache() const { return cache_; }
  uint64_t preemptions() const { return preemptions_; }
  uint64_t looked_up_tokens() const { return looked_up_tokens_; }
  uint64_t found_tokens() const { return found_tokens_; }

 private:
  bool try_admit(Sequence& sequence);
  uint32_t slots_used() const;
  uint32_t find_prefix(const Sequence& sequence);
  void adopt_computed_pages(Sequence& sequence);
  bool grow(Sequence& sequence);
  bool take_page(const Sequence& for_sequence, uint32_t& page);
  void preempt_latest();
  void publish(Sequence& sequence);
  void add_decodes();
  void add_prompts();
  void add_prompt_chunk(Sequence& sequence, uint32_t& budget);

  SchedulerLimits limits_;
  CopyPage copy_page_;
  PrefixCache cache_;
  PagePool pool_;
  ChunkRule rule_;
  std::vector<Sequence*> running_;  // in order of arrival
  std::deque<Sequence*> waiting_;   // in order of arrival
  std::vector<Work> work_;
  std::vector<uint32_t> found_;     // pages of the prefix last looked up
  uint32_t decodes_ = 0, prompt_tokens_ = 0;  // of the step last chosen
  uint64_t preemptions_ = 0, looked_up_tokens_ = 0, found_tokens_ = 0;
};

}  // namespace headrace::engine
