#pragma once

#include <immintrin.h>

namespace headrace::kernels {
namespace {

/// Exact: each product of bytes is added in 32 bits, as vpdpbusd does it, by AVX2.
[[gnu::always_inline]] static inline __m256i emulated_dot_product(__m256i sum, __m256i u, __m256i s) {
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i even = _mm256_mullo_epi16(_mm256_and_si256(u, _mm256_set1_epi16(0x00ff)),
                                          _mm256_srai_epi16(_mm256_slli_epi16(s, 8), 8));
  const __m256i odd = _mm256_mullo_epi16(_mm256_srli_epi16(u, 8), _mm256_srai_epi16(s, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(_mm256_madd_epi16(even, ones), _mm256_madd_epi16(odd, ones)));
}

/// Words multiplied, and neighbours added, in 32 bits that wrap: vpdpwssd.
[[gnu::always_inline]] static inline __m256i emulated_word_product(__m256i sum, __m256i a, __m256i b) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

}  // namespace
}  // namespace headrace::kernels
