#pragma once

// The norms, elementwise and vocabulary functions of a tier, as one source text over Lanes16.
// HEADRACE_TIER is the tier's namespace; its header is included before.

#include "kernels/cpu/lanes.h"
#include "kernels/cpu/vector_math.h"

namespace headrace::kernels::HEADRACE_TIER {
namespace {

/// Calls on_all(offset) for each whole 16 of `count` and on_first(offset, rest) for what is left.
template <class OnAll, class OnFirst>
HEADRACE_INLINE void for_each_16(uint32_t count, OnAll on_all, OnFirst on_first) {
  uint32_t i = 0;
  for (; i + 16 <= count; i += 16) on_all(i);
  if (i < count) on_first(i, count - i);
}

/// out[i] = change(in[i]).
template <class Change>
HEADRACE_INLINE void change_each(const float* in, uint32_t count, float* out, Change change) {
  for_each_16(
      count, [&](uint32_t i) { change(Lanes16::load(in + i)).store(out + i); },
      [&](uint32_t i, uint32_t rest) { change(Lanes16::load_first(in + i, rest)).store_first(out + i, rest); });
}

/// out[i] = combine(out[i], in[i]).
template <class Combine>
HEADRACE_INLINE void combine_each(const float* in, uint32_t count, float* out, Combine combine) {
  for_each_16(
      count, [&](uint32_t i) { combine(Lanes16::load(out + i), Lanes16::load(in + i)).store(out + i); },
      [&](uint32_t i, uint32_t rest) {
        combine(Lanes16::load_first(out + i, rest), Lanes16::load_first(in + i, rest)).store_first(out + i, rest);
      });
}

struct Rotated {
  Lanes16 first, second;
};
HEADRACE_INLINE Rotated rotate(Lanes16 x, Lanes16 y, Lanes16 cosine, Lanes16 sine) {
  return {fma(x, cosine, Lanes16::all(-0.0f) - y * sine), fma(y, cosine, x * sine)};
}

HEADRACE_INLINE void rope_halves(float* head, uint32_t half, const float* cosines, const float* sines) {
  for_each_16(
      half,
      [&](uint32_t i) {
        const Rotated r = rotate(Lanes16::load(head + i), Lanes16::load(head + half + i), Lanes16::load(cosines + i),
                                 Lanes16::load(sines + i));
        r.first.store(head + i);
        r.second.store(head + half + i);
      },
      [&](uint32_t i, uint32_t rest) {
        const Rotated r = rotate(Lanes16::load_first(head + i, rest), Lanes16::load_first(head + half + i, rest),
                                 Lanes16::load_first(cosines + i, rest), Lanes16::load_first(sines + i, rest));
        r.first.store_first(head + i, rest);
        r.second.store_first(head + half + i, rest);
      });
}

/// Four values of [half], each twice.
HEADRACE_INLINE __m256 each_twice(const float* four) {
  const __m256i twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
  return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(four)), twice);
}

HEADRACE_INLINE void rope_neighbours(float* head, uint32_t half, const float* cosines, const float* sines) {
  uint32_t i = 0;
  for (; i + 4 <= half; i += 4) {
    const __m256 self = _mm256_loadu_ps(head + 2 * i);
    const __m256 other = _mm256_permute_ps(self, 0xb1);
    _mm256_storeu_ps(head + 2 * i, _mm256_fmaddsub_ps(self, each_twice(cosines + i),
                                                      _mm256_mul_ps(other, each_twice(sines + i))));
  }
  for (; i < half; ++i) {
    const float x = head[2 * i], y = head[2 * i + 1];
    head[2 * i] = __builtin_fmaf(x, cosines[i], -(y * sines[i]));
    head[2 * i + 1] = __builtin_fmaf(y, cosines[i], x * sines[i]);
  }
}

constexpr uint32_t kArgmaxBlock = 256;

/// The first index in [first, last) that holds `value`, or `last`.
HEADRACE_INLINE uint32_t find(const float* values, uint32_t first, uint32_t last, float value) {
  while (first < last && values[first] != value) ++first;
  return first;
}

}  // namespace

void rms_norm(const float* x, const float* weight, float epsilon, uint32_t count, float* out) {
  Lanes16 squares = Lanes16::all(0);
  for_each_16(
      count,
      [&](uint32_t i) {
        const Lanes16 v = Lanes16::load(x + i);
        squares = fma(v, v, squares);
      },
      [&](uint32_t i, uint32_t rest) {
        const Lanes16 v = Lanes16::load_first(x + i, rest);
        squares = fma(v, v, squares);
      });
  const float mean = squares.sum() / static_cast<float>(count);
  const Lanes16 factor = Lanes16::all(1.0f / _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(mean + epsilon))));
  for_each_16(
      count,
      [&](uint32_t i) { ((Lanes16::load(x + i) * factor) * Lanes16::load(weight + i)).store(out + i); },
      [&](uint32_t i, uint32_t rest) {
        ((Lanes16::load_first(x + i, rest) * factor) * Lanes16::load_first(weight + i, rest))
            .store_first(out + i, rest);
      });
}

void add(const float* x, uint32_t count, float* out) {
  combine_each(x, count, out, [](Lanes16 sum, Lanes16 addend) { return sum + addend; });
}

void scale(float factor, uint32_t count, float* out) {
  const Lanes16 f = Lanes16::all(factor);
  change_each(out, count, out, [f](Lanes16 v) { return v * f; });
}

void rope(float* row, uint32_t heads, uint32_t head_dim, const float* cosines, const float* sines,
          RopePairing pairing) {
  for (uint32_t head = 0; head < heads; ++head, row += head_dim) {
    if (pairing == RopePairing::Halves) {
      rope_halves(row, head_dim / 2, cosines, sines);
    } else {
      rope_neighbours(row, head_dim / 2, cosines, sines);
    }
  }
}

// Largest of each block by lanes; only the block where the maximum first rises is searched for it.
uint32_t argmax(const float* values, uint32_t count) {
  const float lowest = -__builtin_inff();
  float best = lowest;
  uint32_t best_block = 0;
  uint32_t block = 0;
  for (; block + kArgmaxBlock <= count; block += kArgmaxBlock) {
    Lanes16 top = Lanes16::all(lowest);
    for (uint32_t i = 0; i < kArgmaxBlock; i += 16) top = maximum(Lanes16::load(values + block + i), top);
    if (!any(greater(top, Lanes16::all(best)))) continue;
    best = largest(top);
    best_block = block;
  }
  for (uint32_t i = block; i < count; ++i) {
    if (values[i] > best) {
      best = values[i];
      best_block = i;
    }
  }
  const uint32_t index = find(values, best_block, count, best);
  return index < count ? index : 0;
}

float exp_sum(const float* in, float maximum, uint32_t count, float* out) {
  const Lanes16 top = Lanes16::all(maximum);
  Lanes16 sum = Lanes16::all(0);
  for_each_16(
      count,
      [&](uint32_t i) {
        const Lanes16 e = exp_lanes(Lanes16::load(in + i) - top);
        e.store(out + i);
        sum = sum + e;
      },
      [&](uint32_t i, uint32_t rest) {
        exp_lanes(Lanes16::load_first(in + i, rest) - top).store_first(out + i, rest);
        sum = sum + Lanes16::load_first(out + i, rest);
      });
  return sum.sum();
}

void soft_cap(float cap, uint32_t count, float* values) {
  const Lanes16 c = Lanes16::all(cap);
  change_each(values, count, values, [c](Lanes16 v) { return c * tanh_lanes(v / c); });
}

void silu_gate(const float* up, uint32_t count, float* out) {
  combine_each(up, count, out, [](Lanes16 gate, Lanes16 factor) { return silu_lanes(gate) * factor; });
}

void gelu_gate(const float* up, uint32_t count, float* out) {
  combine_each(up, count, out, [](Lanes16 gate, Lanes16 factor) { return gelu_lanes(gate) * factor; });
}

}  // namespace headrace::kernels::HEADRACE_TIER
