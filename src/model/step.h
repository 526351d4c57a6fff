#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "model/sampling.h"
#include "text/tokenizer.h"

namespace headrace::model {

/// Which of a run's rows need logits.
enum class LogitsRows : uint8_t {
  None,  ///< a prefill chunk that is not the prompt's last
  Last,  ///< the next token
  All,   ///< prompt logprobs, scoring, verification of drafts
};

/// Consecutive tokens of one sequence within a step: a chunk of a prompt, or one
/// token that continues it. Keys and values go to, and are read from, the pages:
/// position p lies in page pages[p / 16], which the engine owns.
struct StepRun {
  std::span<const text::TokenId> tokens = {};
  uint32_t first_position = 0;
  std::span<const uint32_t> pages = {};
  LogitsRows logits = LogitsRows::None;
  bool want_raw_logits = false;                ///< fill StepResult::logits for the rows asked for
  std::span<const SampleInput> samples = {};   ///< with Last: drawn from the last row, one output each
  /// With All: report the raw logprob of each next token of the run and this many of
  /// the most likely (row r against tokens[r + 1]); the last row is left out.
  bool want_prompt_logprobs = false;
  uint32_t prompt_top_logprobs = 0;
};

/// The work of one pass through the model. Everything it points to must live until
/// the result has been waited for.
struct Step {
  std::vector<StepRun> runs;
};

struct StepRunResult {
  std::vector<SampleOutput> samples;          ///< one for each SampleInput
  std::vector<SampleOutput> prompt_logprobs;  ///< .id is tokens[r + 1]
  const float* logits = nullptr;              ///< [rows asked for][vocabulary], if wanted; valid until the next submit
  uint32_t logits_rows = 0;
};

struct StepResult {
  std::vector<StepRunResult> runs;
};

/// A step on its way. `wait` may be called once.
class PendingStep {
 public:
  virtual ~PendingStep() = default;
  virtual Result<StepResult> wait() = 0;
};

/// Geometry of a backend's page pool.
struct PagePool {
  uint32_t pages = 0;        ///< pages in the pool
  uint64_t page_bytes = 0;   ///< bytes of one page (16 tokens, all layers)
};

class StepTrace;

/// Runs steps of one model on one device. Used by one thread at a time.
class Backend {
 public:
  virtual ~Backend() = default;

  /// Makes room for `pages` pages of keys and values, and for steps of at most
  /// `max_rows` rows and `max_logits_rows` rows of raw logits; rows that are only sampled
  /// or scored may be more, and take turns in that room. Called once, before the
  /// first submit. Page memory is reserved from the model's budget here and touched
  /// as pages are used.
  virtual Result<PagePool> prepare(uint32_t pages, uint32_t max_rows, uint32_t max_logits_rows) = 0;
  /// Bytes that a page takes, for choosing how many.
  virtual uint64_t page_bytes() const = 0;

  /// Starts a step. The CPU backend does the work on the thread that waits.
  virtual Result<std::unique_ptr<PendingStep>> submit(const Step& step) = 0;

  /// Copies the first `tokens` positions of a page to another: copy on write.
  virtual void copy_page(uint32_t from, uint32_t to) = 0;

  /// Describes the operations of a step in `trace`, which must live as long as the backend, and records steps there
  /// while it is armed. Called before the first submit; backends that keep no timeline do nothing.
  virtual void record(StepTrace* /*trace*/) {}
};

}  // namespace headrace::model
