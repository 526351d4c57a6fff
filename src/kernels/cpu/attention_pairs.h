#pragma once

// What attention over either page format shares: pairs, splits, and the softmax of a split.
// HEADRACE_TIER is the tier's namespace; its header is included before.

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/vector_math.h"

namespace headrace::kernels::HEADRACE_TIER {
namespace {

#ifdef HEADRACE_LANES_512
constexpr uint32_t kTilePairs = 8;
#else
constexpr uint32_t kTilePairs = 6;
#endif
constexpr uint32_t kBlockPairs = 8 * kTilePairs;
constexpr uint32_t kSplitPages = kAttentionSplit / kPageTokens;
/// Elements between the scores (or weights) of two pairs; not a power of two, so that they share
/// no cache set.
constexpr uint32_t kScoreStride = kAttentionSplit + 16;

/// A narrow tile holds its pairs' factors in registers and streams keys or values past them; a
/// wide one holds the keys or values. Either way sums and operands fit 16 registers on AVX2.
template <int P>
constexpr bool kNarrow = P <= 3;

constexpr uint32_t at_least(uint32_t a, uint32_t b) { return a > b ? a : b; }
constexpr uint32_t at_most(uint32_t a, uint32_t b) { return a < b ? a : b; }

/// One row with one query head: what it sees, [first, last), and its running softmax.
struct Pair {
  const float* query;
  const int16_t* steps;  // Int8: the query in 16 bits …
  float factor;          // … and what its products count
  float* out;
  float* values;  // [head_dim]: the running sum of weighted values
  uint32_t first;
  uint32_t last;
  float maximum;
  float sum;
  bool started;
};

/// The live pages of one split, for one key-value head. More entries than pages: what comes
/// next in memory order of use, for prefetching.
struct Split {
  uint32_t begin;  // position of page 0
  uint32_t end;
  const std::byte* keys[kSplitPages + 4];
  const std::byte* values[kSplitPages + 1];
};

struct Scratch {
  float* scores;        // [kTilePairs][kScoreStride]
  int16_t* weights;     // [kTilePairs][kScoreStride], Int8 only
  float* split_values;  // [kTilePairs][stride]
  float* values;        // [kBlockPairs][stride]
  int16_t* queries;     // [kBlockPairs][stride], Int8 only
  size_t stride;
};

HEADRACE_INLINE size_t value_stride(const AttentionShape& shape) { return (shape.head_dim + 15u) / 16u * 16u + 16u; }

/// Positions of a split, counted from its begin; first ≥ last: none.
struct Range {
  uint32_t first;
  uint32_t last;
};

HEADRACE_INLINE void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0); }

struct SplitSoftmax {
  float maximum;
  float sum;
};

/// Turns the scores of [first, last) into exp(score − maximum), and those of the rest of their
/// pages into 0.
[[gnu::noinline]] SplitSoftmax soften(float* scores, uint32_t first, uint32_t last, float cap) {
  const uint32_t from = first / kPageTokens * kPageTokens;
  const uint32_t to = (last + kPageTokens - 1) / kPageTokens * kPageTokens;
  if (cap > 0) {
    const Lanes16 c = Lanes16::all(cap);
    for (uint32_t t = from; t < to; t += 16) (c * tanh_lanes(Lanes16::load(scores + t) / c)).store(scores + t);
  }
  for (uint32_t t = from; t < first; ++t) scores[t] = -__builtin_inff();
  for (uint32_t t = last; t < to; ++t) scores[t] = -__builtin_inff();
  Lanes16 top = Lanes16::load(scores + from);
  for (uint32_t t = from + 16; t < to; t += 16) top = maximum(top, Lanes16::load(scores + t));
  const float highest = largest(top);
  const Lanes16 less = Lanes16::all(highest);
  Lanes16 sum = Lanes16::all(0);
  for (uint32_t t = from; t < to; t += 16) {
    const Lanes16 weight = exp_at_most_highest(Lanes16::load(scores + t) - less);
    weight.store(scores + t);
    sum = sum + weight;
  }
  return {highest, sum.sum()};
}

/// Joins a split's sums to the running ones of a pair.
void merge(const SplitSoftmax& split, const float* split_values, uint32_t head_dim, Pair& pair) {
  if (!pair.started) {
    pair.started = true;
    pair.maximum = split.maximum;
    pair.sum = split.sum;
    for (uint32_t d = 0; d < head_dim; d += 16) Lanes16::load(split_values + d).store(pair.values + d);
    return;
  }
  const float maximum = pair.maximum > split.maximum ? pair.maximum : split.maximum;
  const Lanes16 keep = exp_at_most_highest(Lanes16::all(pair.maximum - maximum));
  const Lanes16 take = exp_at_most_highest(Lanes16::all(split.maximum - maximum));
  pair.maximum = maximum;
  pair.sum = _mm_cvtss_f32(_mm256_castps256_ps128(
      lower_half(fma(Lanes16::all(pair.sum), keep, Lanes16::all(split.sum) * take))));
  for (uint32_t d = 0; d < head_dim; d += 16) {
    fma(Lanes16::load(pair.values + d), keep, Lanes16::load(split_values + d) * take).store(pair.values + d);
  }
}

void finish(const Pair& pair, uint32_t head_dim) {
  const Lanes16 sum = Lanes16::all(pair.sum);
  uint32_t d = 0;
  for (; d + 16 <= head_dim; d += 16) (Lanes16::load(pair.values + d) / sum).store(pair.out + d);
  if (d < head_dim) (Lanes16::load(pair.values + d) / sum).store8(pair.out + d);
}

}  // namespace
}  // namespace headrace::kernels::HEADRACE_TIER
