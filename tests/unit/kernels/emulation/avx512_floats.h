#pragma once

// What Debian's simde 0.7.4 lacks of the AVX-512 float intrinsics that src/kernels/cpu uses, in
// terms of AVX2. Included after <immintrin.h> and simde's avx512.h (with native aliases); the
// names are macros, because the compiler's own header declares them as functions of a target that
// is not enabled.

#include <cstdint>

namespace headrace::kernels {
namespace {

[[gnu::always_inline]] inline __m512 emulated_join(__m256 low, __m256 high) {
  float lanes[16];
  _mm256_storeu_ps(lanes, low);
  _mm256_storeu_ps(lanes + 8, high);
  return _mm512_loadu_ps(lanes);
}

/// An AVX2 lane mask from 8 bits of an AVX-512 mask.
[[gnu::always_inline]] inline __m256i emulated_mask(unsigned bits) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(static_cast<int>(bits & 0xff)), bit), bit);
}

[[gnu::always_inline]] inline __m512 emulated_maskz_loadu(unsigned mask, const float* p) {
  return emulated_join(_mm256_maskload_ps(p, emulated_mask(mask)), _mm256_maskload_ps(p + 8, emulated_mask(mask >> 8)));
}

[[gnu::always_inline]] inline void emulated_mask_storeu(float* p, unsigned mask, __m512 v) {
  float lanes[16];
  _mm512_storeu_ps(lanes, v);
  _mm256_maskstore_ps(p, emulated_mask(mask), _mm256_loadu_ps(lanes));
  _mm256_maskstore_ps(p + 8, emulated_mask(mask >> 8), _mm256_loadu_ps(lanes + 8));
}

[[gnu::always_inline]] inline __m512 emulated_from_half(__m256i halves) {
  return emulated_join(_mm256_cvtph_ps(_mm256_castsi256_si128(halves)),
                       _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)));
}

[[gnu::always_inline]] inline __m256i emulated_to_half(__m512 v) {
  float lanes[16];
  _mm512_storeu_ps(lanes, v);
  return _mm256_set_m128i(_mm256_cvtps_ph(_mm256_loadu_ps(lanes + 8), _MM_FROUND_TO_NEAREST_INT),
                          _mm256_cvtps_ph(_mm256_loadu_ps(lanes), _MM_FROUND_TO_NEAREST_INT));
}

}  // namespace
}  // namespace headrace::kernels

#define _mm512_maskz_loadu_ps(mask, p) ::headrace::kernels::emulated_maskz_loadu(mask, p)
#define _mm512_mask_storeu_ps(p, mask, v) ::headrace::kernels::emulated_mask_storeu(p, mask, v)
#define _mm512_cvtph_ps(halves) ::headrace::kernels::emulated_from_half(halves)
#define _mm512_cvtps_ph(v, rounding) ::headrace::kernels::emulated_to_half(v)
