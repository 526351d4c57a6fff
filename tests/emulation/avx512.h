#pragma once

// AVX-512 on CPUs without it, for the tests: a 512-bit vector is two AVX2 halves, and an intrinsic
// that the kernels use does the same to both. The names are macros, because the compiler's own
// header already declares them.

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "bfloat16.h"
#include "dot_product.h"

#define HEADRACE_EMULATED [[gnu::always_inline]] static inline

namespace headrace::kernels {
namespace {

struct EmulatedInts {
  __m256i low, high;
};
struct EmulatedFloats {
  __m256 low, high;
};
struct EmulatedDoubles {
  __m256d low, high;
};

#define HEADRACE_EMULATE_INTS_2(name, half)                                  \
  HEADRACE_EMULATED EmulatedInts emulated_##name(EmulatedInts a, EmulatedInts b) { \
    return {half(a.low, b.low), half(a.high, b.high)};                       \
  }
#define HEADRACE_EMULATE_FLOATS_2(name, half)                                      \
  HEADRACE_EMULATED EmulatedFloats emulated_##name(EmulatedFloats a, EmulatedFloats b) { \
    return {half(a.low, b.low), half(a.high, b.high)};                             \
  }
#define HEADRACE_EMULATE_FLOATS_3(name, half)                                                        \
  HEADRACE_EMULATED EmulatedFloats emulated_##name(EmulatedFloats a, EmulatedFloats b, EmulatedFloats c) { \
    return {half(a.low, b.low, c.low), half(a.high, b.high, c.high)};                                \
  }
#define HEADRACE_EMULATE_SHIFT(name, half)                                          \
  HEADRACE_EMULATED EmulatedInts emulated_##name(EmulatedInts a, unsigned int bits) { \
    return {half(a.low, static_cast<int>(bits)), half(a.high, static_cast<int>(bits))}; \
  }

HEADRACE_EMULATE_INTS_2(add_epi16, _mm256_add_epi16)
HEADRACE_EMULATE_INTS_2(add_epi32, _mm256_add_epi32)
HEADRACE_EMULATE_INTS_2(sub_epi8, _mm256_sub_epi8)
HEADRACE_EMULATE_INTS_2(sub_epi16, _mm256_sub_epi16)
HEADRACE_EMULATE_INTS_2(sub_epi32, _mm256_sub_epi32)
HEADRACE_EMULATE_INTS_2(mullo_epi32, _mm256_mullo_epi32)
HEADRACE_EMULATE_INTS_2(maddubs_epi16, _mm256_maddubs_epi16)
HEADRACE_EMULATE_INTS_2(madd_epi16, _mm256_madd_epi16)
HEADRACE_EMULATE_INTS_2(shuffle_epi8, _mm256_shuffle_epi8)
HEADRACE_EMULATE_INTS_2(and_si512, _mm256_and_si256)
HEADRACE_EMULATE_INTS_2(or_si512, _mm256_or_si256)
HEADRACE_EMULATE_INTS_2(xor_si512, _mm256_xor_si256)
HEADRACE_EMULATE_FLOATS_2(add_ps, _mm256_add_ps)
HEADRACE_EMULATE_FLOATS_2(sub_ps, _mm256_sub_ps)
HEADRACE_EMULATE_FLOATS_2(mul_ps, _mm256_mul_ps)
HEADRACE_EMULATE_FLOATS_2(div_ps, _mm256_div_ps)
HEADRACE_EMULATE_FLOATS_2(max_ps, _mm256_max_ps)
HEADRACE_EMULATE_FLOATS_3(fmadd_ps, _mm256_fmadd_ps)
HEADRACE_EMULATE_FLOATS_3(fnmadd_ps, _mm256_fnmadd_ps)
HEADRACE_EMULATE_SHIFT(slli_epi16, _mm256_slli_epi16)
HEADRACE_EMULATE_SHIFT(srli_epi16, _mm256_srli_epi16)
HEADRACE_EMULATE_SHIFT(srai_epi16, _mm256_srai_epi16)
HEADRACE_EMULATE_SHIFT(slli_epi32, _mm256_slli_epi32)
HEADRACE_EMULATE_SHIFT(srli_epi32, _mm256_srli_epi32)
HEADRACE_EMULATE_SHIFT(srai_epi32, _mm256_srai_epi32)

HEADRACE_EMULATED EmulatedInts emulated_setzero_si512() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
HEADRACE_EMULATED EmulatedFloats emulated_setzero_ps() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
HEADRACE_EMULATED EmulatedInts emulated_set1_epi8(char v) { return {_mm256_set1_epi8(v), _mm256_set1_epi8(v)}; }
HEADRACE_EMULATED EmulatedInts emulated_set1_epi16(short v) { return {_mm256_set1_epi16(v), _mm256_set1_epi16(v)}; }
HEADRACE_EMULATED EmulatedInts emulated_set1_epi32(int v) { return {_mm256_set1_epi32(v), _mm256_set1_epi32(v)}; }
HEADRACE_EMULATED EmulatedFloats emulated_set1_ps(float v) { return {_mm256_set1_ps(v), _mm256_set1_ps(v)}; }
HEADRACE_EMULATED EmulatedInts emulated_broadcast_i32x4(__m128i v) {
  return {_mm256_broadcastsi128_si256(v), _mm256_broadcastsi128_si256(v)};
}
HEADRACE_EMULATED EmulatedInts emulated_abs_epi8(EmulatedInts a) {
  return {_mm256_abs_epi8(a.low), _mm256_abs_epi8(a.high)};
}

HEADRACE_EMULATED EmulatedInts emulated_loadu_si512(const void* at) {
  const auto* halves = static_cast<const __m256i*>(at);
  return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
}
HEADRACE_EMULATED EmulatedFloats emulated_loadu_ps(const void* at) {
  return {_mm256_loadu_ps(static_cast<const float*>(at)), _mm256_loadu_ps(static_cast<const float*>(at) + 8)};
}
HEADRACE_EMULATED void emulated_storeu_ps(void* at, EmulatedFloats v) {
  _mm256_storeu_ps(static_cast<float*>(at), v.low);
  _mm256_storeu_ps(static_cast<float*>(at) + 8, v.high);
}

HEADRACE_EMULATED EmulatedInts emulated_castps_si512(EmulatedFloats v) {
  return {_mm256_castps_si256(v.low), _mm256_castps_si256(v.high)};
}
HEADRACE_EMULATED EmulatedFloats emulated_castsi512_ps(EmulatedInts v) {
  return {_mm256_castsi256_ps(v.low), _mm256_castsi256_ps(v.high)};
}
HEADRACE_EMULATED EmulatedDoubles emulated_castps_pd(EmulatedFloats v) {
  return {_mm256_castps_pd(v.low), _mm256_castps_pd(v.high)};
}
HEADRACE_EMULATED __m256 emulated_castps512_ps256(EmulatedFloats v) { return v.low; }
HEADRACE_EMULATED __m256d emulated_extractf64x4_pd(EmulatedDoubles v, int half) { return half == 0 ? v.low : v.high; }

HEADRACE_EMULATED EmulatedFloats emulated_cvtph_ps(__m256i halves) {
  return {_mm256_cvtph_ps(_mm256_castsi256_si128(halves)), _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))};
}
HEADRACE_EMULATED __m256i emulated_cvtps_ph(EmulatedFloats v) {
  return _mm256_set_m128i(_mm256_cvtps_ph(v.high, _MM_FROUND_TO_NEAREST_INT),
                          _mm256_cvtps_ph(v.low, _MM_FROUND_TO_NEAREST_INT));
}
HEADRACE_EMULATED EmulatedInts emulated_cvtepu16_epi32(__m256i v) {
  return {_mm256_cvtepu16_epi32(_mm256_castsi256_si128(v)), _mm256_cvtepu16_epi32(_mm256_extracti128_si256(v, 1))};
}
HEADRACE_EMULATED EmulatedFloats emulated_cvtepi32_ps(EmulatedInts v) {
  return {_mm256_cvtepi32_ps(v.low), _mm256_cvtepi32_ps(v.high)};
}

HEADRACE_EMULATED EmulatedInts emulated_cvtps_epi32(EmulatedFloats v) {
  return {_mm256_cvtps_epi32(v.low), _mm256_cvtps_epi32(v.high)};
}
HEADRACE_EMULATED EmulatedInts emulated_cvtepi8_epi16(__m256i v) {
  return {_mm256_cvtepi8_epi16(_mm256_castsi256_si128(v)), _mm256_cvtepi8_epi16(_mm256_extracti128_si256(v, 1))};
}
HEADRACE_EMULATED __m256i emulated_cvtsepi32_epi16(EmulatedInts v) {
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(v.low, v.high), 0xD8);
}
HEADRACE_EMULATED void emulated_storeu_si512(void* at, EmulatedInts v) {
  _mm256_storeu_si256(static_cast<__m256i*>(at), v.low);
  _mm256_storeu_si256(static_cast<__m256i*>(at) + 1, v.high);
}

/// Bit i of eight as all ones or zeros of lane i.
HEADRACE_EMULATED __m256i emulated_lanes(unsigned bits) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits)), bit), bit);
}
template <int kComparison>
HEADRACE_EMULATED uint16_t emulated_cmp_ps_mask(EmulatedFloats a, EmulatedFloats b) {
  const int low = _mm256_movemask_ps(_mm256_cmp_ps(a.low, b.low, kComparison));
  const int high = _mm256_movemask_ps(_mm256_cmp_ps(a.high, b.high, kComparison));
  return static_cast<uint16_t>(high << 8 | low);
}
HEADRACE_EMULATED EmulatedFloats emulated_mask_blend_ps(uint16_t mask, EmulatedFloats a, EmulatedFloats b) {
  return {_mm256_blendv_ps(a.low, b.low, _mm256_castsi256_ps(emulated_lanes(mask))),
          _mm256_blendv_ps(a.high, b.high, _mm256_castsi256_ps(emulated_lanes(mask >> 8)))};
}
HEADRACE_EMULATED void emulated_mask_storeu_ps(void* at, unsigned mask, EmulatedFloats v) {
  _mm256_maskstore_ps(static_cast<float*>(at), emulated_lanes(mask), v.low);
  _mm256_maskstore_ps(static_cast<float*>(at) + 8, emulated_lanes(mask >> 8), v.high);
}
HEADRACE_EMULATED EmulatedFloats emulated_maskz_loadu_ps(unsigned mask, const void* at) {
  return {_mm256_maskload_ps(static_cast<const float*>(at), emulated_lanes(mask)),
          _mm256_maskload_ps(static_cast<const float*>(at) + 8, emulated_lanes(mask >> 8))};
}
/// A mask of bytes is kept as bytes of ones and zeros.
HEADRACE_EMULATED EmulatedInts emulated_movepi8_mask(EmulatedInts a) {
  return {_mm256_cmpgt_epi8(_mm256_setzero_si256(), a.low), _mm256_cmpgt_epi8(_mm256_setzero_si256(), a.high)};
}
HEADRACE_EMULATED EmulatedInts emulated_mask_sub_epi8(EmulatedInts otherwise, EmulatedInts mask, EmulatedInts a,
                                                      EmulatedInts b) {
  return {_mm256_blendv_epi8(otherwise.low, _mm256_sub_epi8(a.low, b.low), mask.low),
          _mm256_blendv_epi8(otherwise.high, _mm256_sub_epi8(a.high, b.high), mask.high)};
}

HEADRACE_EMULATED EmulatedInts emulated_dpbusd_epi32(EmulatedInts sum, EmulatedInts u, EmulatedInts s) {
  return {emulated_dot_product(sum.low, u.low, s.low), emulated_dot_product(sum.high, u.high, s.high)};
}

HEADRACE_EMULATED EmulatedInts emulated_dpwssd_epi32(EmulatedInts sum, EmulatedInts a, EmulatedInts b) {
  return {emulated_word_product(sum.low, a.low, b.low), emulated_word_product(sum.high, a.high, b.high)};
}

HEADRACE_EMULATED EmulatedFloats emulated_dpbf16_ps(EmulatedFloats sum, EmulatedInts a, EmulatedInts b) {
  float lanes[16];
  uint32_t left[16], right[16];
  std::memcpy(lanes, &sum, sizeof lanes);
  std::memcpy(left, &a, sizeof left);
  std::memcpy(right, &b, sizeof right);
  for (int i = 0; i < 16; ++i) lanes[i] = emulated_add_pair(lanes[i], left[i], right[i]);
  std::memcpy(&sum, lanes, sizeof lanes);
  return sum;
}
HEADRACE_EMULATED __m256i emulated_cvtneps_pbh(EmulatedFloats v) {
  float lanes[16];
  uint16_t rounded[16];
  std::memcpy(lanes, &v, sizeof lanes);
  for (int i = 0; i < 16; ++i) rounded[i] = emulated_round_to_bfloat(lanes[i]);
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rounded));
}

}  // namespace
}  // namespace headrace::kernels

#define __m512i EmulatedInts
#define __m512 EmulatedFloats
#define __m512d EmulatedDoubles
#define _mm512_add_epi16 emulated_add_epi16
#define _mm512_add_epi32 emulated_add_epi32
#define _mm512_sub_epi8 emulated_sub_epi8
#define _mm512_sub_epi16 emulated_sub_epi16
#define _mm512_sub_epi32 emulated_sub_epi32
#define _mm512_mullo_epi32 emulated_mullo_epi32
#define _mm512_maddubs_epi16 emulated_maddubs_epi16
#define _mm512_madd_epi16 emulated_madd_epi16
#define _mm512_shuffle_epi8 emulated_shuffle_epi8
#define _mm512_and_si512 emulated_and_si512
#define _mm512_or_si512 emulated_or_si512
#define _mm512_xor_si512 emulated_xor_si512
#define _mm512_add_ps emulated_add_ps
#define _mm512_sub_ps emulated_sub_ps
#define _mm512_mul_ps emulated_mul_ps
#define _mm512_div_ps emulated_div_ps
#define _mm512_max_ps emulated_max_ps
#define _mm512_fmadd_ps emulated_fmadd_ps
#define _mm512_fnmadd_ps emulated_fnmadd_ps
#define _mm512_slli_epi16 emulated_slli_epi16
#define _mm512_srli_epi16 emulated_srli_epi16
#define _mm512_srai_epi16 emulated_srai_epi16
#define _mm512_slli_epi32 emulated_slli_epi32
#define _mm512_srli_epi32 emulated_srli_epi32
#define _mm512_srai_epi32 emulated_srai_epi32
#define _mm512_setzero_si512 emulated_setzero_si512
#define _mm512_setzero_ps emulated_setzero_ps
#define _mm512_set1_epi8 emulated_set1_epi8
#define _mm512_set1_epi16 emulated_set1_epi16
#define _mm512_set1_epi32 emulated_set1_epi32
#define _mm512_set1_ps emulated_set1_ps
#define _mm512_broadcast_i32x4 emulated_broadcast_i32x4
#define _mm512_abs_epi8 emulated_abs_epi8
#define _mm512_loadu_si512 emulated_loadu_si512
#define _mm512_storeu_si512 emulated_storeu_si512
#define _mm512_loadu_ps emulated_loadu_ps
#define _mm512_storeu_ps emulated_storeu_ps
#define _mm512_castps_si512 emulated_castps_si512
#define _mm512_castsi512_ps emulated_castsi512_ps
#define _mm512_castps_pd emulated_castps_pd
#define _mm512_castps512_ps256 emulated_castps512_ps256
#define _mm512_extractf64x4_pd emulated_extractf64x4_pd
#define _mm512_cvtph_ps emulated_cvtph_ps
#define _mm512_cvtepu16_epi32 emulated_cvtepu16_epi32
#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_cvtps_epi32 emulated_cvtps_epi32
#define _mm512_cvtepi8_epi16 emulated_cvtepi8_epi16
#define _mm512_cvtsepi32_epi16 emulated_cvtsepi32_epi16
#define _mm512_mask_blend_ps emulated_mask_blend_ps
#define _mm512_mask_storeu_ps emulated_mask_storeu_ps
#define _mm512_maskz_loadu_ps emulated_maskz_loadu_ps
#define _mm512_movepi8_mask emulated_movepi8_mask
#define _mm512_mask_sub_epi8 emulated_mask_sub_epi8
#define _mm512_dpbusd_epi32 emulated_dpbusd_epi32
#define _mm512_dpwssd_epi32 emulated_dpwssd_epi32
#define __m512bh EmulatedInts
#define _mm512_dpbf16_ps emulated_dpbf16_ps
#define _mm512_cvtneps_pbh emulated_cvtneps_pbh
#define _mm512_cvtps_ph(v, rounding) emulated_cvtps_ph(v)
#define _mm512_cmp_ps_mask(a, b, comparison) emulated_cmp_ps_mask<comparison>(a, b)
