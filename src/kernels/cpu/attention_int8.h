#pragma once

// Attention over KvFormat::Int8 pages: queries and weights are rounded to 16 bits, products of
// neighbours are added in pairs by vpmaddwd, and every sum over dims or tokens is an exact
// integer, so that its order is free. HEADRACE_VNNI_ATTENTION: the pair is multiplied and added by one
// instruction, vpdpwssd. docs/design/0003 tells the tiles and why.

#include "kernels/activation_block.h"
#include "kernels/cpu/attention_pairs.h"
#include "kernels/portable/int8_page.h"

namespace headrace::kernels::HEADRACE_TIER {
namespace {

/// kPartLanes sums of 32 bits, or twice as many numbers of 16 bits, in one register.
#ifdef HEADRACE_LANES_512
struct IntPart {
  __m512i v;
  HEADRACE_INLINE static IntPart zero() { return {_mm512_setzero_si512()}; }
  HEADRACE_INLINE static IntPart load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
  /// 2 · kPartLanes int8, widened.
  HEADRACE_INLINE static IntPart widen(const int8_t* p) {
    return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  /// Half as many, and zeros.
  HEADRACE_INLINE static IntPart widen_half(const int8_t* p) {
    return {_mm512_cvtepi8_epi16(_mm256_zextsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
  }
  /// The pair p[0], p[1] everywhere.
  HEADRACE_INLINE static IntPart pair(const int16_t* p) {
    int32_t both;
    __builtin_memcpy(&both, p, sizeof both);
    return {_mm512_set1_epi32(both)};
  }
  HEADRACE_INLINE void store(int32_t* p) const { _mm512_storeu_si512(p, v); }
  HEADRACE_INLINE Part to_float() const { return {_mm512_cvtepi32_ps(v)}; }
};
/// sum += the products of 16 bits, neighbours added.
HEADRACE_INLINE void add_products(IntPart& sum, IntPart a, IntPart b) {
#if defined(HEADRACE_VNNI_ATTENTION) && defined(HEADRACE_EMULATE_AVX512)
  sum.v = _mm512_dpwssd_epi32(sum.v, a.v, b.v);
#elif defined(HEADRACE_VNNI_ATTENTION)
  // PERF: as an intrinsic GCC 12 moves every sum to another register and back.
  asm("vpdpwssd %2, %1, %0" : "+v"(sum.v) : "v"(a.v), "v"(b.v));
#else
  sum.v = _mm512_add_epi32(sum.v, _mm512_madd_epi16(a.v, b.v));
#endif
}
/// 16 lanes, rounded to nearest even, as int16.
HEADRACE_INLINE void store_int16(Lanes16 x, int16_t* p) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(x.v)));
}
#else
struct IntPart {
  __m256i v;
  HEADRACE_INLINE static IntPart zero() { return {_mm256_setzero_si256()}; }
  HEADRACE_INLINE static IntPart load(const int32_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
  }
  /// 2 · kPartLanes int8, widened.
  HEADRACE_INLINE static IntPart widen(const int8_t* p) {
    return {_mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  /// The pair p[0], p[1] everywhere.
  HEADRACE_INLINE static IntPart pair(const int16_t* p) {
    int32_t both;
    __builtin_memcpy(&both, p, sizeof both);
    return {_mm256_set1_epi32(both)};
  }
  HEADRACE_INLINE void store(int32_t* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  HEADRACE_INLINE Part to_float() const { return {_mm256_cvtepi32_ps(v)}; }
};
/// sum += the products of 16 bits, neighbours added.
HEADRACE_INLINE void add_products(IntPart& sum, IntPart a, IntPart b) {
#if defined(HEADRACE_VNNI_ATTENTION) && defined(HEADRACE_EMULATE_AVX_VNNI)
  sum.v = _mm256_dpwssd_avx_epi32(sum.v, a.v, b.v);
#elif defined(HEADRACE_VNNI_ATTENTION)
  asm("%{vex%} vpdpwssd %2, %1, %0" : "+x"(sum.v) : "x"(a.v), "x"(b.v));
#else
  // PERF: as an intrinsic GCC 12 gives the sum another register and moves it back, or spills it.
  asm("vpaddd %1, %0, %0" : "+x"(sum.v) : "x"(_mm256_madd_epi16(a.v, b.v)));
#endif
}
/// 16 lanes, rounded to nearest even, as int16.
HEADRACE_INLINE void store_int16(Lanes16 x, int16_t* p) {
  const __m256i packed = _mm256_packs_epi32(_mm256_cvtps_epi32(x.low), _mm256_cvtps_epi32(x.high));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permute4x64_epi64(packed, 0xD8));
}
#endif

/// Registers of sums abreast for a tile of P pairs: the chains of additions are short, so that
/// fewer do than with fma, but a product needs a register of its own.
template <int P>
constexpr int kIntAbreast = kParts == 1 ? (P <= 3 ? 4 : 2) : P == 1 ? 4 : 2;

/// sums[p][u] += factors of pair p · operands[u], in pairs.
template <int P, int U, class Factor, class Operand>
HEADRACE_INLINE void multiply_add_pairs(IntPart (&sums)[P][U], Factor factor, Operand operand) {
  if constexpr (kNarrow<P>) {
    IntPart factors[P];
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) factors[p] = IntPart::pair(factor(p));
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) {
      const IntPart x = operand(u);
#pragma GCC unroll 8
      for (int p = 0; p < P; ++p) add_products(sums[p][u], factors[p], x);
    }
  } else {
    IntPart operands[U];
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) operands[u] = operand(u);
#pragma GCC unroll 8
    for (int p = 0; p < P; ++p) {
      const IntPart f = IntPart::pair(factor(p));
#pragma GCC unroll 8
      for (int u = 0; u < U; ++u) add_products(sums[p][u], f, operands[u]);
    }
  }
}

// PERF: scores of P pairs by 16·G positions. Each step takes two dims: a widening for each register
// of keys, then a product and an addition for each pair. On AVX2 a tile of 6 pairs makes 26
// operations for four ports of 192 multiply-adds, more than twice what fma reaches.
template <int P, int G, bool kPrefetch>
[[gnu::noinline]] void score_int8_pages(const Pair* pairs, const std::byte* const* pages, uint32_t head_dim, float* scores) {
  constexpr int U = G * kParts;
  const int16_t* query[P];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) query[p] = pairs[p].steps;
  const int8_t* page[G];
  const std::byte* next[G];
#pragma GCC unroll 4
  for (int g = 0; g < G; ++g) page[g] = reinterpret_cast<const int8_t*>(pages[g]), next[g] = pages[G + g];
  IntPart sums[P][U];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) sums[p][u] = IntPart::zero();
  }
  for (size_t d = 0; d < head_dim; d += 2) {
    if (kPrefetch) {
#pragma GCC unroll 4
      for (int g = 0; g < G; ++g) prefetch(next[g] + d * kPageTokens);
    }
    multiply_add_pairs<P, U>(
        sums, [&](int p) { return query[p] + d; },
        [&](int u) { return IntPart::widen(page[u / kParts] + d * kPageTokens + u % kParts * 2 * kPartLanes); });
  }
  const float* scales[G];
#pragma GCC unroll 4
  for (int g = 0; g < G; ++g) {
    scales[g] = reinterpret_cast<const float*>(pages[g] + size_t{2} * head_dim * kPageTokens);
    if (kPrefetch) prefetch(next[g] + size_t{2} * head_dim * kPageTokens), prefetch(next[g] + size_t{2} * head_dim * kPageTokens + 64);
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
    const Part factor = Part::all(pairs[p].factor);
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) {
      const Part scale = Part::load(scales[u / kParts] + u % kParts * kPartLanes) * factor;
      (sums[p][u].to_float() * scale).store(scores + p * kScoreStride + u * kPartLanes);
    }
  }
}

// PERF: as score_int8_pages: each step takes two tokens, with their weights in the place of the query.
// kHalf: the last 8 dims, half a register of AVX-512.
template <int P, int U, bool kHalf, bool kPrefetch>
[[gnu::noinline]] void add_int8_columns(const Split& split, uint32_t first_page, uint32_t last_page, uint32_t head_dim,
                                        uint32_t dim, const int16_t* weights, int32_t* sums_at, size_t stride) {
  IntPart sums[P][U];
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) sums[p][u] = IntPart::load(sums_at + p * stride + dim + kPartLanes * u);
  }
  const size_t row_bytes = size_t{2} * head_dim;
  for (uint32_t page = first_page; page < last_page; ++page) {
    const int8_t* row = reinterpret_cast<const int8_t*>(split.values[page]) + 2 * dim;
    const std::byte* next = split.values[page + 1] + 2 * dim;
    const int16_t* weight = weights + page * kPageTokens;
    for (uint32_t t = 0; t < kPageTokens; t += 2) {
      if (kPrefetch) {
#pragma GCC unroll 4
        for (int u = 0; u < U; u += 2 * kParts) prefetch(next + 2 * kPartLanes * u);
      }
      multiply_add_pairs<P, U>(
          sums, [&](int p) { return weight + p * kScoreStride + t; },
          [&](int u) {
#ifdef HEADRACE_LANES_512
            if constexpr (kHalf) return IntPart::widen_half(row);
#endif
            return IntPart::widen(row + 2 * kPartLanes * u);
          });
      row += row_bytes;
      next += row_bytes;
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 8
    for (int u = 0; u < U; ++u) sums[p][u].store(sums_at + p * stride + dim + kPartLanes * u);
  }
}

template <int P, bool kPrefetch>
void add_int8_range(const Split& split, uint32_t first_page, uint32_t last_page, uint32_t head_dim,
                    const int16_t* weights, int32_t* sums, size_t stride) {
  constexpr int U = kIntAbreast<P>;
  uint32_t dim = 0;
  for (; dim + kPartLanes * U <= head_dim; dim += kPartLanes * U) {
    add_int8_columns<P, U, false, kPrefetch>(split, first_page, last_page, head_dim, dim, weights, sums, stride);
  }
  for (; dim + kPartLanes <= head_dim; dim += kPartLanes) {
    add_int8_columns<P, 1, false, kPrefetch>(split, first_page, last_page, head_dim, dim, weights, sums, stride);
  }
  if constexpr (kPartLanes == 16) {
    if (dim < head_dim) {
      add_int8_columns<P, 1, true, kPrefetch>(split, first_page, last_page, head_dim, dim, weights, sums, stride);
    }
  }
}

/// Lanes whose sign is −: x[l ^ step] − x[l]; the others: x[l ^ step] + x[l].
HEADRACE_INLINE __m256 butterfly(__m256 x, __m256 swapped, __m256 signs) { return _mm256_add_ps(swapped, _mm256_xor_ps(x, signs)); }

/// The steps 1 … 4 · V of turn_by_hadamard for 8 · V values, which stay in registers.
template <int V>
HEADRACE_INLINE void turn_block(float* values) {
  const __m256 one = _mm256_setr_ps(0.0f, -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f, -0.0f);
  const __m256 two = _mm256_setr_ps(0.0f, 0.0f, -0.0f, -0.0f, 0.0f, 0.0f, -0.0f, -0.0f);
  const __m256 four = _mm256_setr_ps(0.0f, 0.0f, 0.0f, 0.0f, -0.0f, -0.0f, -0.0f, -0.0f);
  __m256 x[V];
#pragma GCC unroll 8
  for (int i = 0; i < V; ++i) {
    x[i] = _mm256_loadu_ps(values + 8 * i);
    x[i] = butterfly(x[i], _mm256_permute_ps(x[i], 0xB1), one);
    x[i] = butterfly(x[i], _mm256_permute_ps(x[i], 0x4E), two);
    x[i] = butterfly(x[i], _mm256_permute2f128_ps(x[i], x[i], 1), four);
  }
#pragma GCC unroll 3
  for (int step = 1; step < V; step *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < V; ++i) {
      if ((i & step) != 0) continue;
      const __m256 a = x[i];
      x[i] = _mm256_add_ps(a, x[i + step]);
      x[i + step] = _mm256_sub_ps(a, x[i + step]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < V; ++i) _mm256_storeu_ps(values + 8 * i, x[i]);
}

template <int V>
HEADRACE_INLINE void turn_blocks(float* values, uint32_t head_dim) {
  for (uint32_t d = 0; d < head_dim; d += 8 * V) turn_block<V>(values + d);
}

/// Turns each hadamard_width(head_dim) values by a Hadamard matrix, which is its own inverse but for
/// a factor of the width.
[[gnu::noinline]] inline void turn_by_hadamard(float* values, uint32_t head_dim) {
  const uint32_t width = hadamard_width(head_dim);
  switch (width) {
    case 8: return turn_blocks<1>(values, head_dim);
    case 16: return turn_blocks<2>(values, head_dim);
    case 32: return turn_blocks<4>(values, head_dim);
    default: turn_blocks<8>(values, head_dim);
  }
  for (uint32_t step = 64; step < width; step *= 2) {
    for (uint32_t block = 0; block < head_dim; block += 2 * step) {
      for (uint32_t d = block; d < block + step; d += 8) {
        const __m256 a = _mm256_loadu_ps(values + d);
        const __m256 b = _mm256_loadu_ps(values + d + step);
        _mm256_storeu_ps(values + d, _mm256_add_ps(a, b));
        _mm256_storeu_ps(values + d + step, _mm256_sub_ps(a, b));
      }
    }
  }
}

HEADRACE_INLINE float inverse_of_steps(float largest) {
  return largest > kSmallestInt16Magnitude ? kInt16Steps / largest : 0.0f;
}

/// Rounds `count` (a multiple of 8, followed by room for 8 more) values to 16 bits; returns the largest magnitude.
HEADRACE_INLINE float round_to_int16(const float* values, uint32_t count, int16_t* steps) {
  const auto load = [&](uint32_t i) {
    return i + 16 <= count ? Lanes16::load(values + i) : Lanes16::load_first(values + i, count - i);
  };
  Lanes16 top = Lanes16::all(0);
  for (uint32_t i = 0; i < count; i += 16) top = maximum(absolute(load(i)), top);
  const float magnitude = largest(top);
  const Lanes16 inverse = Lanes16::all(inverse_of_steps(magnitude));
  for (uint32_t i = 0; i < count; i += 16) store_int16(load(i) * inverse, steps + i);
  return magnitude;
}

/// Turns the weights of what a pair sees of a split into 16 bits, and those of the rest of the
/// tile's pages into 0; returns what one step counts.
[[gnu::noinline]] inline float weights_to_int16(const Split& split, Range seen, uint32_t first_page, uint32_t last_page,
                                                uint32_t head_dim, float* scores, int16_t* weights) {
  for (uint32_t t = first_page * kPageTokens; t < last_page * kPageTokens; t += 16) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights + t), _mm256_setzero_si256());
  }
  if (seen.first >= seen.last) return 0;
  const uint32_t from = seen.first / kPageTokens;
  const uint32_t to = (seen.last + kPageTokens - 1) / kPageTokens;
  Lanes16 top = Lanes16::all(0);
  for (uint32_t page = from; page < to; ++page) {
    // What is not seen has weight 0, and its slot's scale may be anything.
    const auto* scales = reinterpret_cast<const float*>(split.values[page] + size_t{head_dim} * kPageTokens) + kPageTokens;
    const Lanes16 weight = Lanes16::load(scores + page * kPageTokens);
    const Lanes16 zero = Lanes16::all(0);
    const Lanes16 scaled = choose(greater(weight, zero), weight * Lanes16::load(scales), zero);
    scaled.store(scores + page * kPageTokens);
    top = maximum(scaled, top);
  }
  const float magnitude = largest(top);
  const Lanes16 inverse = Lanes16::all(inverse_of_steps(magnitude));
  for (uint32_t t = from * kPageTokens; t < to * kPageTokens; t += 16) {
    store_int16(Lanes16::load(scores + t) * inverse, weights + t);
  }
  return magnitude / kInt16Steps;
}

/// int8 values of one head, turned, and their scale.
HEADRACE_INLINE float quantize_head(const float* head, uint32_t head_dim, int8_t* quants) {
  alignas(32) float values[kMostHeadDim];
  __builtin_memcpy(values, head, head_dim * sizeof(float));
  turn_by_hadamard(values, head_dim);
  const auto load = [&](uint32_t i) {
    return i + 16 <= head_dim ? Lanes16::load(values + i) : Lanes16::load_first(values + i, head_dim - i);
  };
  Lanes16 top = Lanes16::all(0);
  for (uint32_t i = 0; i < head_dim; i += 16) top = maximum(absolute(load(i)), top);
  const float magnitude = largest(top);
  const Lanes16 inverse = Lanes16::all(magnitude > kSmallestMagnitude ? 127.0f / magnitude : 0.0f);
  for (uint32_t i = 0; i < head_dim; i += 16) {
    int16_t steps[16];
    store_int16(load(i) * inverse, steps);
    const __m256i sixteen = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(steps));
    const __m128i packed = _mm_packs_epi16(_mm256_castsi256_si128(sixteen), _mm256_extracti128_si256(sixteen, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(quants + i), packed);
  }
  return magnitude / 127.0f;
}

/// KvFormat::Int8 for attention_by_lanes.h.
struct Int8Pages {
  static size_t page_bytes(const AttentionShape& shape) { return shape.kv_heads * Int8Head::bytes(shape.head_dim); }
  static size_t keys_offset(const AttentionShape& shape, uint32_t kv_head) {
    return kv_head * Int8Head::bytes(shape.head_dim);
  }
  static size_t values_offset(const AttentionShape& shape, uint32_t kv_head) {
    return keys_offset(shape, kv_head) + size_t{shape.head_dim} * kPageTokens;
  }
  static void prepare_query(const AttentionShape& shape, int16_t* space, Pair& pair) {
    alignas(32) float turned[kMostHeadDim];
    __builtin_memcpy(turned, pair.query, shape.head_dim * sizeof(float));
    turn_by_hadamard(turned, shape.head_dim);
    pair.steps = space;
    const float scale = shape.scale / static_cast<float>(hadamard_width(shape.head_dim));
    pair.factor = round_to_int16(turned, shape.head_dim, space) / kInt16Steps * scale;
  }
  static void turn_back(const AttentionShape& shape, float* out) {
    turn_by_hadamard(out, shape.head_dim);
    const __m256 inverse = _mm256_set1_ps(1 / static_cast<float>(hadamard_width(shape.head_dim)));
    for (uint32_t d = 0; d < shape.head_dim; d += 8) {
      _mm256_storeu_ps(out + d, _mm256_mul_ps(_mm256_loadu_ps(out + d), inverse));
    }
  }

  template <int P, bool kPrefetch>
  static void score(const AttentionShape& shape, const Split& split, const Pair* pairs, uint32_t first_page,
                    uint32_t last_page, const Scratch& scratch) {
    constexpr int G = kIntAbreast<P> / kParts;
    uint32_t page = first_page;
    for (; page + G <= last_page; page += G) {
      score_int8_pages<P, G, kPrefetch>(pairs, split.keys + page, shape.head_dim, scratch.scores + page * kPageTokens);
    }
    for (; G > 1 && page < last_page; ++page) {
      score_int8_pages<P, 1, kPrefetch>(pairs, split.keys + page, shape.head_dim, scratch.scores + page * kPageTokens);
    }
  }

  template <int P, bool kPrefetch>
  static void weigh(const AttentionShape& shape, const Split& split, const Range (&seen)[P], uint32_t first_page,
                    uint32_t last_page, const Scratch& scratch) {
    float steps[P];
    auto* sums = reinterpret_cast<int32_t*>(scratch.split_values);
    for (int p = 0; p < P; ++p) {
      steps[p] = weights_to_int16(split, seen[p], first_page, last_page, shape.head_dim,
                                  scratch.scores + p * kScoreStride, scratch.weights + p * kScoreStride);
      for (uint32_t d = 0; d < shape.head_dim; d += kPartLanes) IntPart::zero().store(sums + p * scratch.stride + d);
    }
    if (kPrefetch) {  // in memory a page is read whole before the next one
      for (uint32_t page = first_page; page < last_page; ++page) {
        add_int8_range<P, true>(split, page, page + 1, shape.head_dim, scratch.weights, sums, scratch.stride);
      }
    } else {  // in a cache the sums of some dims stay in registers over all pages
      add_int8_range<P, false>(split, first_page, last_page, shape.head_dim, scratch.weights, sums, scratch.stride);
    }
    for (int p = 0; p < P; ++p) {
      const Part step = Part::all(steps[p]);
      for (uint32_t d = 0; d < shape.head_dim; d += kPartLanes) {
        const size_t at = p * scratch.stride + d;
        (IntPart::load(sums + at).to_float() * step).store(scratch.split_values + at);
      }
    }
  }

  static void append(const AttentionShape& shape, const AttentionRun& run, const float* keys, const float* values,
                     size_t stride) {
    int8_t quants[kMostHeadDim + 16];
    for (uint32_t r = 0; r < run.rows; ++r, keys += stride, values += stride) {
      const uint32_t position = run.first_position + r;
      const uint32_t token = position % kPageTokens;
      for (uint32_t h = 0; h < shape.kv_heads; ++h) {
        const Int8Head head = int8_head(shape, run, position, h);
        head.key_scales()[token] = quantize_head(keys + size_t{h} * shape.head_dim, shape.head_dim, quants);
        for (uint32_t d = 0; d < shape.head_dim; d += 2) __builtin_memcpy(&head.key(token, d), quants + d, 2);
        head.value_scales()[token] = quantize_head(values + size_t{h} * shape.head_dim, shape.head_dim, quants);
        for (uint32_t d = 0; d < shape.head_dim; ++d) head.value(token, d) = quants[d];
      }
    }
  }
};

}  // namespace
}  // namespace headrace::kernels::HEADRACE_TIER
