#pragma once

#include <cstdint>

// Sixteen float lanes: two __m256 on AVX2, one __m512 where HEADRACE_LANES_512 is defined before
// this header. One source text over Lanes16 then serves both tiers with the same bits. Everything
// is in an anonymous namespace and inlined, so that an object exports nothing of it.
#ifdef HEADRACE_LANES_512
#include "kernels/cpu/avx512_intrinsics.h"
#else
#include <immintrin.h>
#endif

#define HEADRACE_INLINE [[gnu::always_inline]] inline

namespace headrace::kernels {
namespace {

#ifdef HEADRACE_LANES_512

struct Mask16 {
  __mmask16 bits;
};

struct Lanes16 {
  __m512 v;

  HEADRACE_INLINE static Lanes16 all(float x) { return {_mm512_set1_ps(x)}; }
  HEADRACE_INLINE static Lanes16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
  /// 16 halves.
  HEADRACE_INLINE static Lanes16 load_half(const uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  /// 8 halves, then zeros.
  HEADRACE_INLINE static Lanes16 load_half8(const uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_zextsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
  }
  /// `count` < 16 floats, then zeros; reads no further.
  HEADRACE_INLINE static Lanes16 load_first(const float* p, uint32_t count) {
    return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p)};
  }
  HEADRACE_INLINE void store_first(float* p, uint32_t count) const {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), v);
  }
  HEADRACE_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
  /// The first 8 lanes.
  HEADRACE_INLINE void store8(float* p) const { _mm256_storeu_ps(p, _mm512_castps512_ps256(v)); }
  HEADRACE_INLINE void store_half(uint16_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  /// Lane l + lane l + 8, and so on: the tree of docs/design/0001.
  HEADRACE_INLINE float sum() const;
};

HEADRACE_INLINE Lanes16 operator+(Lanes16 a, Lanes16 b) { return {_mm512_add_ps(a.v, b.v)}; }
HEADRACE_INLINE Lanes16 operator-(Lanes16 a, Lanes16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
HEADRACE_INLINE Lanes16 operator*(Lanes16 a, Lanes16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
HEADRACE_INLINE Lanes16 operator/(Lanes16 a, Lanes16 b) { return {_mm512_div_ps(a.v, b.v)}; }
HEADRACE_INLINE Lanes16 fma(Lanes16 a, Lanes16 b, Lanes16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
HEADRACE_INLINE Lanes16 fnma(Lanes16 a, Lanes16 b, Lanes16 c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
/// The larger of each lane; b where one is NaN.
HEADRACE_INLINE Lanes16 maximum(Lanes16 a, Lanes16 b) { return {_mm512_max_ps(a.v, b.v)}; }
HEADRACE_INLINE Mask16 greater(Lanes16 a, Lanes16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
HEADRACE_INLINE Mask16 not_at_most(Lanes16 a, Lanes16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_NLE_UQ)}; }
HEADRACE_INLINE Lanes16 choose(Mask16 m, Lanes16 a, Lanes16 b) { return {_mm512_mask_blend_ps(m.bits, b.v, a.v)}; }
HEADRACE_INLINE Lanes16 absolute(Lanes16 a) {
  return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(a.v), _mm512_set1_epi32(0x7fffffff)))};
}
HEADRACE_INLINE Lanes16 copy_sign(Lanes16 magnitude, Lanes16 sign) {
  const __m512i bit = _mm512_and_si512(_mm512_castps_si512(sign.v), _mm512_set1_epi32(INT32_MIN));
  return {_mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(absolute(magnitude).v), bit))};
}
/// v · 2^n for a normal product, where t = n + kRoundingShift.
HEADRACE_INLINE Lanes16 times_power(Lanes16 v, Lanes16 t) {
  return {_mm512_castsi512_ps(
      _mm512_add_epi32(_mm512_castps_si512(v.v), _mm512_slli_epi32(_mm512_castps_si512(t.v), 23)))};
}
HEADRACE_INLINE bool any(Mask16 m) { return m.bits != 0; }

#else

struct Mask16 {
  __m256 low, high;
};

struct Lanes16 {
  __m256 low, high;

  HEADRACE_INLINE static Lanes16 all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  HEADRACE_INLINE static Lanes16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  /// 16 halves.
  HEADRACE_INLINE static Lanes16 load_half(const uint16_t* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
            _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
  }
  /// `count` < 16 floats, then zeros; reads no further.
  HEADRACE_INLINE static Lanes16 load_first(const float* p, uint32_t count) {
    return {_mm256_maskload_ps(p, first_lanes(count, 0)), _mm256_maskload_ps(p + 8, first_lanes(count, 8))};
  }
  HEADRACE_INLINE void store_first(float* p, uint32_t count) const {
    _mm256_maskstore_ps(p, first_lanes(count, 0), low);
    _mm256_maskstore_ps(p + 8, first_lanes(count, 8), high);
  }
  /// A mask of the lanes l of eight for which base + l < count.
  HEADRACE_INLINE static __m256i first_lanes(uint32_t count, int base) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count) - base), lane);
  }
  HEADRACE_INLINE void store(float* p) const {
    _mm256_storeu_ps(p, low);
    _mm256_storeu_ps(p + 8, high);
  }
  /// The first 8 lanes.
  HEADRACE_INLINE void store8(float* p) const { _mm256_storeu_ps(p, low); }
  HEADRACE_INLINE void store_half(uint16_t* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(low, _MM_FROUND_TO_NEAREST_INT));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p + 8), _mm256_cvtps_ph(high, _MM_FROUND_TO_NEAREST_INT));
  }
  /// Lane l + lane l + 8, and so on: the tree of docs/design/0001.
  HEADRACE_INLINE float sum() const;
};

HEADRACE_INLINE Lanes16 operator+(Lanes16 a, Lanes16 b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
HEADRACE_INLINE Lanes16 operator-(Lanes16 a, Lanes16 b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
HEADRACE_INLINE Lanes16 operator*(Lanes16 a, Lanes16 b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
HEADRACE_INLINE Lanes16 operator/(Lanes16 a, Lanes16 b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
HEADRACE_INLINE Lanes16 fma(Lanes16 a, Lanes16 b, Lanes16 c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
HEADRACE_INLINE Lanes16 fnma(Lanes16 a, Lanes16 b, Lanes16 c) {
  return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
}
/// The larger of each lane; b where one is NaN.
HEADRACE_INLINE Lanes16 maximum(Lanes16 a, Lanes16 b) {
  return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
HEADRACE_INLINE Mask16 greater(Lanes16 a, Lanes16 b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_GT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_GT_OQ)};
}
HEADRACE_INLINE Mask16 not_at_most(Lanes16 a, Lanes16 b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_NLE_UQ), _mm256_cmp_ps(a.high, b.high, _CMP_NLE_UQ)};
}
HEADRACE_INLINE Lanes16 choose(Mask16 m, Lanes16 a, Lanes16 b) {
  return {_mm256_blendv_ps(b.low, a.low, m.low), _mm256_blendv_ps(b.high, a.high, m.high)};
}
HEADRACE_INLINE Lanes16 absolute(Lanes16 a) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
HEADRACE_INLINE Lanes16 copy_sign(Lanes16 magnitude, Lanes16 sign) {
  const __m256 bit = _mm256_set1_ps(-0.0f);
  const Lanes16 a = absolute(magnitude);
  return {_mm256_or_ps(a.low, _mm256_and_ps(bit, sign.low)), _mm256_or_ps(a.high, _mm256_and_ps(bit, sign.high))};
}
HEADRACE_INLINE __m256 times_power_of_half(__m256 v, __m256 t) {
  return _mm256_castsi256_ps(
      _mm256_add_epi32(_mm256_castps_si256(v), _mm256_slli_epi32(_mm256_castps_si256(t), 23)));
}
/// v · 2^n for a normal product, where t = n + kRoundingShift.
HEADRACE_INLINE Lanes16 times_power(Lanes16 v, Lanes16 t) {
  return {times_power_of_half(v.low, t.low), times_power_of_half(v.high, t.high)};
}
HEADRACE_INLINE bool any(Mask16 m) { return _mm256_movemask_ps(_mm256_or_ps(m.low, m.high)) != 0; }

#endif

// What one register holds: 16 lanes are kParts of them. For kernels whose register tile counts
// registers and not lanes.
#ifdef HEADRACE_LANES_512
constexpr int kParts = 1;
constexpr int kPartLanes = 16;
struct Part {
  __m512 v;
  HEADRACE_INLINE static Part all(float x) { return {_mm512_set1_ps(x)}; }
  HEADRACE_INLINE static Part load(const float* p) { return {_mm512_loadu_ps(p)}; }
  HEADRACE_INLINE static Part load_half(const uint16_t* p) { return {Lanes16::load_half(p).v}; }
  /// 8 halves, and zeros in what lanes are left.
  HEADRACE_INLINE static Part load_half8(const uint16_t* p) { return {Lanes16::load_half8(p).v}; }
  HEADRACE_INLINE void store(float* p) const { _mm512_storeu_ps(p, v); }
};
HEADRACE_INLINE Part operator*(Part a, Part b) { return {_mm512_mul_ps(a.v, b.v)}; }
HEADRACE_INLINE Part fma(Part a, Part b, Part c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
#else
constexpr int kParts = 2;
constexpr int kPartLanes = 8;
struct Part {
  __m256 v;
  HEADRACE_INLINE static Part all(float x) { return {_mm256_set1_ps(x)}; }
  HEADRACE_INLINE static Part load(const float* p) { return {_mm256_loadu_ps(p)}; }
  HEADRACE_INLINE static Part load_half(const uint16_t* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  /// 8 halves, and zeros in what lanes are left.
  HEADRACE_INLINE static Part load_half8(const uint16_t* p) { return load_half(p); }
  HEADRACE_INLINE void store(float* p) const { _mm256_storeu_ps(p, v); }
};
HEADRACE_INLINE Part operator*(Part a, Part b) { return {_mm256_mul_ps(a.v, b.v)}; }
HEADRACE_INLINE Part fma(Part a, Part b, Part c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
#endif

/// The two halves of 16 lanes as 256-bit registers.
HEADRACE_INLINE __m256 lower_half(Lanes16 a) {
#ifdef HEADRACE_LANES_512
  return _mm512_castps512_ps256(a.v);
#else
  return a.low;
#endif
}
HEADRACE_INLINE __m256 upper_half(Lanes16 a) {
#ifdef HEADRACE_LANES_512
  return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.v), 1));
#else
  return a.high;
#endif
}

HEADRACE_INLINE float Lanes16::sum() const {
  const __m256 eight = _mm256_add_ps(lower_half(*this), upper_half(*this));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/// The largest lane; undefined if one is NaN.
HEADRACE_INLINE float largest(Lanes16 a) {
  const __m256 eight = _mm256_max_ps(lower_half(a), upper_half(a));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

}  // namespace
}  // namespace headrace::kernels
