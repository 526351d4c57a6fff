#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/request.h"
#include "model/model.h"

namespace headrace::engine {

struct EngineOptions {
  uint32_t context = 0;            ///< longest sequence; 0: the model's own, at most what fits the memory
  uint64_t kv_bytes = 0;           ///< for keys and values; 0: from the budget, at most 1 GiB unless that holds less than one context
  uint32_t step_tokens = 512;      ///< token budget of a step, shared by decodes and prefill chunks
  uint32_t max_sequences = 256;    ///< sequences in a step
  uint32_t max_queue = 1024;       ///< requests waiting; more are Busy
  uint32_t logits_rows = 64;       ///< rows of logits computed at a time, each vocabulary × 4 bytes
  bool prefix_cache = true;

  // How prompts are cut into chunks while other sequences decode (docs/design/0007).
  double mixed_step_ratio = 1.8;      ///< a step with prompt tokens takes at most so many times one without
  double burst_step_ratio = 2.5;      ///< the same while more prompts wait than sequences decode
  uint32_t min_chunk_tokens = 4;      ///< but has at least so many prompt tokens (2 or more)
  double prefill_step_seconds = 0.5;  ///< a step of prompt tokens alone takes about so long at most

  // Bounds on one request.
  uint32_t max_choices = 128;         ///< best_of
  uint32_t max_top_logprobs = 128;
  uint32_t max_stop_texts = 64;
  uint32_t max_stop_bytes = 4096;     ///< of one stop text
};

/// Counters and gauges, for /metrics; a consistent copy.
struct EngineStats {
  uint32_t running = 0, waiting = 0;                 // sequences
  uint32_t pages = 0, pages_used = 0, pages_cached = 0;  // used: held by sequences; cached: evictable prefix pages
  uint64_t prefix_queries = 0, prefix_hits = 0;      // tokens looked up and found
  uint64_t prompt_tokens = 0, generation_tokens = 0;
  uint64_t requests_stop = 0, requests_length = 0, requests_cancelled = 0, requests_failed = 0;
  uint64_t preemptions = 0, steps = 0;
  uint64_t kv_bytes_used_peak = 0;
  /// Histograms: counts by bucket, the bounds being kBucketSeconds, plus sum and count.
  static constexpr double kBucketSeconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
  struct Histogram {
    uint64_t buckets[std::size(kBucketSeconds) + 1] = {};
    double sum = 0;
    uint64_t count = 0;
    void add(double seconds);
  };
  Histogram time_to_first_token, inter_token_latency, e2e_latency, queue_time, prefill_time, decode_time;
};

/// Turns requests into tokens on one model: continuous batching over paged keys and
/// values, one token budget a step for prefill chunks and decodes, first come
/// first served, prefix reuse, preemption by recompute. Owns one thread, which is
/// also member 0 of the model's team. All methods are thread-safe.
class Engine {
 public:
  using RequestId = uint64_t;

  static Result<std::unique_ptr<Engine>> create(std::shared_ptr<model::Model> model, const EngineOptions& options = {});
  /// Cancels what runs and joins the thread.
  virtual ~Engine() = default;

  /// Queues a request. Errors at once: InvalidArgument (parameters), OutOfRange (prompt
  /// and max_tokens do not fit the context; names both numbers), Busy (queue full),
  /// Unsupported (in the child of a fork: the engine's thread stayed with the parent,
  /// so load the model again there).
  virtual Result<RequestId> submit(Request request, EventSink sink) = 0;
  /// Ends a request within one step; its last event has FinishReason::Cancelled.
  /// Unknown or finished ids are ignored.
  virtual void cancel(RequestId id) = 0;
  /// Stops taking requests (submit is Busy) and waits until those taken have ended,
  /// or `seconds` have passed; returns whether all had.
  virtual bool drain(double seconds) = 0;

  /// Raw logits of every position of `tokens`, [tokens][vocabulary], computed in a
  /// pass of its own between steps. OutOfRange above the context, OutOfMemory when the
  /// result does not fit the model's budget. Not to be called from a sink.
  virtual Result<std::vector<float>> logits(std::span<const TokenId> tokens) = 0;

  virtual EngineStats stats() const = 0;
  virtual uint32_t context() const = 0;
  virtual const std::shared_ptr<model::Model>& model() const = 0;
};

}  // namespace headrace::engine
