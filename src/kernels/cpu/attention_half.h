#pragma once

// Attention over KvFormat::Float16 pages: keys and values are widened on load, and every sum is a
// chain of fma. docs/design/0003 tells the tiles and why.

#include "kernels/cpu/attention_pairs.h"

namespace headrace::kernels::HEADRACE_TIER {
namespace {

/// Pages (for keys) or 16-dim columns (for values) that a tile of P pairs takes at a time: enough
/// independent sums for the latency of fma times two a cycle.
template <int P>
constexpr int kAbreast = kParts == 1 ? (P <= 3 ? 4 : 2) : P == 1 ? 4 : P <= 3 ? 2 : 1;

HEADRACE_INLINE const uint16_t* halves(const std::byte* p) { return reinterpret_cast<const uint16_t*>(p); }

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

// PERF: scores of P pairs by 16·G positions. Each step of d widens 16·G keys and does P·G fma of
// 16 lanes: on AVX2 12 independent chains, 2 fma a cycle; the widening goes to other ports. At
// P ≤ 3 the bound is the read of the keys (32 bytes for 16 keys).
template <int P, int G, bool kPrefetch>
[[gnu::noinline]] void score_pages(const Pair* pairs, const std::byte* const* keys, uint32_t head_dim, float scale,
                                   float* scores) {
  constexpr int U = G * kParts;
  const float* query[P];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) query[p] = pairs[p].query;
  const uint16_t* page[G];
  const uint16_t* next[G];
#pragma GCC unroll 4
  for (int g = 0; g < G; ++g) page[g] = halves(keys[g]), next[g] = halves(keys[G + g]);
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
    const uint16_t* row = halves(split.values[page]) + offset;
    const uint16_t* next = halves(split.values[page + 1]) + offset;
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

/// 16 floats at a time of [count] (a multiple of 8) as halves.
HEADRACE_INLINE void to_halves(const float* in, uint32_t count, uint16_t* out) {
  uint32_t i = 0;
  for (; i + 16 <= count; i += 16) Lanes16::load(in + i).store_half(out + i);
  if (i < count) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
  }
}

/// KvFormat::Float16 for attention_by_lanes.h.
struct HalfPages {
  static size_t page_bytes(const AttentionShape& shape) {
    return size_t{2} * shape.kv_heads * shape.head_dim * kPageTokens * sizeof(uint16_t);
  }
  static size_t keys_offset(const AttentionShape& shape, uint32_t kv_head) {
    return size_t{kv_head} * shape.head_dim * kPageTokens * sizeof(uint16_t);
  }
  static size_t values_offset(const AttentionShape& shape, uint32_t kv_head) {
    return keys_offset(shape, shape.kv_heads + kv_head);
  }
  static void prepare_query(const AttentionShape&, int16_t*, Pair&) {}
  static void turn_back(const AttentionShape&, float*) {}

  /// Scores of all pages [first_page, last_page) of the split for P pairs.
  template <int P, bool kPrefetch>
  static void score(const AttentionShape& shape, const Split& split, const Pair* pairs, uint32_t first_page,
                    uint32_t last_page, const Scratch& scratch) {
    constexpr int G = kAbreast<P>;
    uint32_t page = first_page;
    for (; page + G <= last_page; page += G) {
      score_pages<P, G, kPrefetch>(pairs, split.keys + page, shape.head_dim, shape.scale,
                                   scratch.scores + page * kPageTokens);
    }
    for (; page < last_page; ++page) {
      score_pages<P, 1, kPrefetch>(pairs, split.keys + page, shape.head_dim, shape.scale,
                                   scratch.scores + page * kPageTokens);
    }
  }

  /// split_values = Σ scores · values, for what each pair sees. Positions that all pairs see go by
  /// the tile; what only some see, before and after, one by one: a slot that a row does not see may
  /// hold anything.
  template <int P, bool kPrefetch>
  static void weigh(const AttentionShape& shape, const Split& split, const Range (&seen)[P], uint32_t, uint32_t,
                    const Scratch& scratch) {
    for (int p = 0; p < P; ++p) {
      float* sums = scratch.split_values + p * scratch.stride;
      for (uint32_t d = 0; d < shape.head_dim; d += 16) Lanes16::all(0).store(sums + d);
    }
    const bool together = seen[P - 1].first < seen[0].last;
    const uint32_t common_first = together ? seen[P - 1].first : kAttentionSplit;
    const auto add_alone = [&](int p, uint32_t from, uint32_t to) {
      if (from >= to) return;
      add_values<1, false>(split, from, to, shape.head_dim, scratch.scores + p * kScoreStride,
                           scratch.split_values + p * scratch.stride, scratch.stride);
    };
    for (int p = 0; p < P; ++p) add_alone(p, seen[p].first, at_most(seen[p].last, common_first));
    if (!together) return;
    add_values<P, kPrefetch>(split, seen[P - 1].first, seen[0].last, shape.head_dim, scratch.scores, scratch.split_values,
                             scratch.stride);
    for (int p = 1; p < P; ++p) add_alone(p, seen[0].last, seen[p].last);
  }

  static void append(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
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
};

}  // namespace
}  // namespace headrace::kernels::HEADRACE_TIER
