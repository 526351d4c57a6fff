#pragma once

// Attention over paged keys and values, as one source text over Lanes16. HEADRACE_TIER is the
// tier's namespace; its header is included before. docs/design/0003 tells the tiles and why.
//
// A pair is one row with one query head. Pairs that read the same key-value head are worked on
// in tiles of up to kTilePairs, so that a key or value is loaded and widened once for all of
// them; tiles are gathered in blocks, which walk the splits together, so that a split's pages
// come from memory once a block.

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
/// Floats between the scores of two pairs; not a power of two, so that they share no cache set.
constexpr uint32_t kScoreStride = kAttentionSplit + 16;

/// Pages (for keys) or 16-dim columns (for values) that a tile of P pairs takes at a time: enough
/// independent sums for the latency of fma times two a cycle.
template <int P>
constexpr int kAbreast = kParts == 1 ? (P <= 3 ? 4 : 2) : P == 1 ? 4 : P <= 3 ? 2 : 1;
/// A narrow tile holds its pairs' factors in registers and streams keys or values past them; a
/// wide one holds the keys or values. Either way sums and operands fit 16 registers on AVX2.
template <int P>
constexpr bool kNarrow = P <= 3;

constexpr uint32_t at_least(uint32_t a, uint32_t b) { return a > b ? a : b; }
constexpr uint32_t at_most(uint32_t a, uint32_t b) { return a < b ? a : b; }

/// One row with one query head: what it sees, [first, last), and its running softmax.
struct Pair {
  const float* query;
  float* out;
  float* values;  // [head_dim]: the running sum of weighted values
  uint32_t first;
  uint32_t last;
  float maximum;
  float sum;
  bool started;
};

/// The live pages of one split, for one key-value head. One more entry than pages: what comes
/// next in memory order of use, for prefetching.
struct Split {
  uint32_t begin;  // position of page 0
  uint32_t end;
  const uint16_t* keys[kSplitPages + 4];
  const uint16_t* values[kSplitPages + 1];
};

struct Scratch {
  float* scores;        // [kTilePairs][kScoreStride]
  float* split_values;  // [kTilePairs][stride]
  float* values;        // [kBlockPairs][stride]
  size_t stride;
};

HEADRACE_INLINE size_t value_stride(const AttentionShape& shape) { return (shape.head_dim + 15u) / 16u * 16u + 16u; }

/// sums[p][u] += factors[p] · operands[u], one register each.
template <int P, int U, class Factor, class Operand>
HEADRACE_INLINE void multiply_add(Part (&sums)[P][U], Factor factor, Operand operand) {
  if constexpr (kNarrow<P>) {
    Part factors[P];
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) factors[p] = Part::all(factor(p));
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) {
      const Part x = operand(u);
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) sums[p][u] = fma(factors[p], x, sums[p][u]);
    }
  } else {
    Part operands[U];
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) operands[u] = operand(u);
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) {
      const Part f = Part::all(factor(p));
#pragma GCC unroll 8
      for (int u = 0; u < U; ++u) sums[p][u] = fma(f, operands[u], sums[p][u]);
    }
  }
}

HEADRACE_INLINE void prefetch(const uint16_t* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0); }

// PERF: scores of P pairs by 16·G positions. Each step of d widens 16·G keys and does P·G fma of
// 16 lanes: on AVX2 12 independent chains, 2 fma a cycle; the widening goes to other ports. At
// P ≤ 3 the bound is the read of the keys (32 bytes for 16 keys).
template <int P, int G, bool kPrefetch>
[[gnu::noinline]] void score_pages(const Pair* pairs, const uint16_t* const* keys, uint32_t head_dim, float scale,
                                   float* scores) {
  constexpr int U = G * kParts;
  const float* query[P];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) query[p] = pairs[p].query;
  const uint16_t* page[G];
  const uint16_t* next[G];
#pragma GCC unroll 4
  for (int g = 0; g < G; ++g) page[g] = keys[g], next[g] = keys[G + g];
  Part sums[P][U];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) sums[p][u] = Part::all(0);
  }
  for (size_t d = 0; d < head_dim; ++d) {
    if (kPrefetch) {
#pragma GCC unroll 4
      for (int g = 0; g < G; ++g) prefetch(next[g] + d * kPageTokens);
    }
    multiply_add<P, U>(
        sums, [&](int p) { return query[p][d]; },
        [&](int u) { return Part::load_half(page[u / kParts] + d * kPageTokens + u % kParts * kPartLanes); });
  }
  const Part factor = Part::all(scale);
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) (sums[p][u] * factor).store(scores + p * kScoreStride + u * kPartLanes);
  }
}

/// Scores of all pages [first_page, last_page) of the split for P pairs.
template <int P, bool kPrefetch>
void score_split(const Pair* pairs, const Split& split, uint32_t first_page, uint32_t last_page,
                 const AttentionShape& shape, float* scores) {
  constexpr int G = kAbreast<P>;
  uint32_t page = first_page;
  for (; page + G <= last_page; page += G) {
    score_pages<P, G, kPrefetch>(pairs, split.keys + page, shape.head_dim, shape.scale, scores + page * kPageTokens);
  }
  for (; page < last_page; ++page) {
    score_pages<P, 1, kPrefetch>(pairs, split.keys + page, shape.head_dim, shape.scale, scores + page * kPageTokens);
  }
}

// PERF: U registers of dims of P pairs: as score_pages, with the weights in the place of the queries.
// kEight: the last 8 dims, half a register of AVX-512.
template <int P, int U, bool kEight, bool kPrefetch>
[[gnu::noinline]] void add_columns(const Split& split, uint32_t first, uint32_t last, uint32_t head_dim, uint32_t dim,
                                   const float* weights, float* sums_at, size_t stride) {
  Part sums[P][U];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) sums[p][u] = Part::load(sums_at + p * stride + dim + kPartLanes * u);
  }
  const float* weight = weights + first;
  while (first < last) {
    const uint32_t page = first / kPageTokens;
    const uint32_t page_last = at_most(last, (page + 1) * kPageTokens);
    const size_t offset = size_t{first % kPageTokens} * head_dim + dim;
    const uint16_t* row = split.values[page] + offset;
    const uint16_t* next = split.values[page + 1] + offset;
    for (const float* page_end = weight + (page_last - first); weight < page_end; ++weight) {
      if (kPrefetch) {
#pragma GCC unroll 4
        for (int u = 0; u < U; u += 2 * kParts) prefetch(next + kPartLanes * u);
      }
      multiply_add<P, U>(
          sums, [&](int p) { return weight[p * kScoreStride]; },
          [&](int u) { return kEight ? Part::load_half8(row) : Part::load_half(row + kPartLanes * u); });
      row += head_dim;
      next += head_dim;
    }
    first = page_last;
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) sums[p][u].store(sums_at + p * stride + dim + kPartLanes * u);
  }
}

/// Adds the values of positions [first, last), counted from the split's begin, to the sums of P pairs.
template <int P, bool kPrefetch>
void add_range(const Split& split, uint32_t first, uint32_t last, uint32_t head_dim, const float* weights,
               float* sums, size_t stride) {
  constexpr int U = kAbreast<P> * kParts;
  uint32_t dim = 0;
  for (; dim + kPartLanes * U <= head_dim; dim += kPartLanes * U) {
    add_columns<P, U, false, kPrefetch>(split, first, last, head_dim, dim, weights, sums, stride);
  }
  for (; dim + kPartLanes <= head_dim; dim += kPartLanes) {
    add_columns<P, 1, false, kPrefetch>(split, first, last, head_dim, dim, weights, sums, stride);
  }
  if constexpr (kPartLanes == 16) {
    if (dim < head_dim) add_columns<P, 1, true, kPrefetch>(split, first, last, head_dim, dim, weights, sums, stride);
  }
}

/// The same in the order that suits where the values lie: in memory (kPrefetch), a page is read
/// whole before the next one; in a cache, the sums of some dims stay in registers over all pages.
template <int P, bool kPrefetch>
void add_values(const Split& split, uint32_t first, uint32_t last, uint32_t head_dim, const float* weights,
                float* sums, size_t stride) {
  while (first < last) {
    const uint32_t end = kPrefetch ? at_most(last, (first / kPageTokens + 1) * kPageTokens) : last;
    add_range<P, kPrefetch>(split, first, end, head_dim, weights, sums, stride);
    first = end;
  }
}

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

/// One split for one tile of P pairs, whose rows ascend.
template <int P, bool kPrefetch>
void attend_tile(const AttentionShape& shape, const Split& split, Pair* pairs, const Scratch& scratch) {
  const uint32_t begin = at_least(split.begin, pairs[0].first);
  const uint32_t end = at_most(split.end, pairs[P - 1].last);
  if (begin >= end) return;
  const uint32_t first_page = (begin - split.begin) / kPageTokens;
  const uint32_t last_page = (end - split.begin + kPageTokens - 1) / kPageTokens;
  score_split<P, kPrefetch>(pairs, split, first_page, last_page, shape, scratch.scores);

  uint32_t first[P], last[P];  // what each pair sees of the split; last ≤ first: nothing
  SplitSoftmax softmax[P];
  for (int p = 0; p < P; ++p) {
    first[p] = at_least(split.begin, pairs[p].first) - split.begin;
    last[p] = at_least(split.begin, at_most(split.end, pairs[p].last)) - split.begin;
    if (first[p] < last[p]) softmax[p] = soften(scratch.scores + p * kScoreStride, first[p], last[p], shape.soft_cap);
    float* sums = scratch.split_values + p * scratch.stride;
    for (uint32_t d = 0; d < shape.head_dim; d += 16) Lanes16::all(0).store(sums + d);
  }
  // Positions that all pairs see go by the tile; what only some see, before and after, one by one.
  const bool together = first[P - 1] < last[0];
  const uint32_t common_first = together ? first[P - 1] : kAttentionSplit;
  const auto add_alone = [&](int p, uint32_t from, uint32_t to) {
    if (from >= to) return;
    add_values<1, false>(split, from, to, shape.head_dim, scratch.scores + p * kScoreStride,
                         scratch.split_values + p * scratch.stride, scratch.stride);
  };
  for (int p = 0; p < P; ++p) add_alone(p, first[p], at_most(last[p], common_first));
  if (together) {
    add_values<P, kPrefetch>(split, first[P - 1], last[0], shape.head_dim, scratch.scores, scratch.split_values,
                             scratch.stride);
    for (int p = 1; p < P; ++p) add_alone(p, last[0], last[p]);
  }
  for (int p = 0; p < P; ++p) {
    if (first[p] < last[p]) merge(softmax[p], scratch.split_values + p * scratch.stride, shape.head_dim, pairs[p]);
  }
}

template <bool kPrefetch>
void attend_tile_of(uint32_t count, const AttentionShape& shape, const Split& split, Pair* pairs,
                    const Scratch& scratch) {
  switch (count) {
    case 1: return attend_tile<1, kPrefetch>(shape, split, pairs, scratch);
    case 2: return attend_tile<2, kPrefetch>(shape, split, pairs, scratch);
    case 3: return attend_tile<3, kPrefetch>(shape, split, pairs, scratch);
    case 4: return attend_tile<4, kPrefetch>(shape, split, pairs, scratch);
    case 5: return attend_tile<5, kPrefetch>(shape, split, pairs, scratch);
    case 6: return attend_tile<6, kPrefetch>(shape, split, pairs, scratch);
#ifdef HEADRACE_LANES_512
    case 7: return attend_tile<7, kPrefetch>(shape, split, pairs, scratch);
    case 8: return attend_tile<8, kPrefetch>(shape, split, pairs, scratch);
#endif
  }
}

/// Looks up the pages of positions [first, last) within the split that begins at `begin`.
void find_pages(const AttentionShape& shape, const AttentionRun& run, uint32_t kv_head, uint32_t begin,
                uint32_t first, uint32_t last, Split& split) {
  const size_t head_halves = size_t{shape.head_dim} * kPageTokens;
  split.begin = begin;
  split.end = at_most(begin + kAttentionSplit, last);
  const uint32_t first_page = (at_least(begin, first) - begin) / kPageTokens;
  const uint32_t last_page = (split.end - begin + kPageTokens - 1) / kPageTokens;
  for (uint32_t page = first_page; page < last_page; ++page) {
    const uint32_t id = run.pages[begin / kPageTokens + page];
    const auto* halves = reinterpret_cast<const uint16_t*>(run.pages_base + id * run.page_stride);
    split.keys[page] = halves + kv_head * head_halves;
    split.values[page] = halves + (shape.kv_heads + kv_head) * head_halves;
  }
  // After the keys come the values, after these the next split's keys.
  for (uint32_t i = 0; i < 4; ++i) split.keys[last_page + i] = split.values[at_most(first_page + i, last_page - 1)];
  split.values[last_page] = split.values[last_page - 1];
  if (split.end < last) {
    const uint32_t id = run.pages[split.end / kPageTokens];
    split.values[last_page] =
        reinterpret_cast<const uint16_t*>(run.pages_base + id * run.page_stride) + kv_head * head_halves;
  }
}

void finish(const Pair& pair, uint32_t head_dim) {
  const Lanes16 sum = Lanes16::all(pair.sum);
  uint32_t d = 0;
  for (; d + 16 <= head_dim; d += 16) (Lanes16::load(pair.values + d) / sum).store(pair.out + d);
  if (d < head_dim) (Lanes16::load(pair.values + d) / sum).store8(pair.out + d);
}

/// All splits for `count` pairs, whose rows ascend.
void attend_block(const AttentionShape& shape, const AttentionRun& run, uint32_t kv_head, Pair* pairs,
                  uint32_t count, const Scratch& scratch) {
  const uint32_t tiles = (count + kTilePairs - 1) / kTilePairs;
  const uint32_t tile_pairs = (count + tiles - 1) / tiles;
  const uint32_t first = pairs[0].first;
  const uint32_t last = pairs[count - 1].last;
  Split split;
  for (uint32_t begin = first / kAttentionSplit * kAttentionSplit; begin < last; begin += kAttentionSplit) {
    find_pages(shape, run, kv_head, begin, first, last, split);
    for (uint32_t p = 0; p < count; p += tile_pairs) {
      const uint32_t taken = at_most(tile_pairs, count - p);
      if (p == 0) {  // the other tiles find the split's pages in a cache
        attend_tile_of<true>(taken, shape, split, pairs + p, scratch);
      } else {
        attend_tile_of<false>(taken, shape, split, pairs + p, scratch);
      }
    }
  }
  for (uint32_t p = 0; p < count; ++p) finish(pairs[p], shape.head_dim);
}

/// 16 floats at a time of [count] (a multiple of 8) as halves.
HEADRACE_INLINE void to_halves(const float* in, uint32_t count, uint16_t* out) {
  uint32_t i = 0;
  for (; i + 16 <= count; i += 16) Lanes16::load(in + i).store_half(out + i);
  if (i < count) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
  }
}

}  // namespace

size_t page_bytes(const AttentionShape& shape) {
  return size_t{2} * shape.kv_heads * shape.head_dim * kPageTokens * sizeof(uint16_t);
}

void append(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
            size_t stride) {
  const uint32_t head_dim = shape.head_dim;
  for (uint32_t r = 0; r < run.rows; ++r, keys += stride, values += stride) {
    const uint32_t position = run.first_position + r;
    const uint32_t token = position % kPageTokens;
    auto* page = reinterpret_cast<uint16_t*>(run.pages_base + run.pages[position / kPageTokens] * run.page_stride);
    uint16_t* page_values = page + size_t{shape.kv_heads} * head_dim * kPageTokens;
    for (uint32_t head = 0; head < shape.kv_heads; ++head) {
      uint16_t halves[512];
      to_halves(keys + size_t{head} * head_dim, head_dim, halves);
      uint16_t* column = page + size_t{head} * head_dim * kPageTokens + token;
      for (uint32_t d = 0; d < head_dim; ++d) column[d * kPageTokens] = halves[d];
      to_halves(values + size_t{head} * head_dim, head_dim,
                page_values + (size_t{head} * kPageTokens + token) * head_dim);
    }
  }
}

void attend(const AttentionShape& shape, const AttentionRun& run, const float* queries, size_t query_stride,
            float* out, size_t out_stride, uint32_t kv_head, uint32_t first_row, uint32_t last_row,
            float* floats) {
  const uint32_t group = shape.query_heads / shape.kv_heads;
  const uint32_t total = (last_row - first_row) * group;
  const size_t stride = value_stride(shape);
  const Scratch scratch{floats, floats + kTilePairs * kScoreStride,
                        floats + kTilePairs * kScoreStride + kTilePairs * stride, stride};
  Pair pairs[kBlockPairs];
  for (uint32_t done = 0; done < total; done += kBlockPairs) {
    const uint32_t count = at_most(kBlockPairs, total - done);
    for (uint32_t p = 0; p < count; ++p) {
      const uint32_t row = first_row + (done + p) / group;
      const uint32_t last = run.first_position + row + 1;
      const size_t column = size_t{kv_head * group + (done + p) % group} * shape.head_dim;
      pairs[p] = {.query = queries + row * query_stride + column,
                  .out = out + row * out_stride + column,
                  .values = scratch.values + p * stride,
                  .first = shape.window > 0 && last > shape.window ? last - shape.window : 0,
                  .last = last,
                  .maximum = 0,
                  .sum = 0,
                  .started = false};
    }
    attend_block(shape, run, kv_head, pairs, count, scratch);
  }
}

size_t attend_scratch_floats(const AttentionShape& shape) {
  return kTilePairs * kScoreStride + (kTilePairs + kBlockPairs) * value_stride(shape);
}

}  // namespace headrace::kernels::HEADRACE_TIER
