#include <immintrin.h>

#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_intrinsics.h"
#include "kernels/portable/quantize_blocks.h"

namespace headrace::kernels {
namespace {

/// The larger magnitude in each lane; a NaN is passed over.
[[gnu::always_inline]] inline __m512 larger(__m512 values, __m512 largest) {
  const __m512i magnitude = _mm512_and_si512(_mm512_castps_si512(values), _mm512_set1_epi32(0x7fffffff));
  return _mm512_max_ps(_mm512_castsi512_ps(magnitude), largest);
}

[[gnu::always_inline]] inline float largest_lane(__m512 lanes) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(lanes), _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(lanes), 1)));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

/// 32 values as int8; what is no number, or none of those, becomes −127.
[[gnu::always_inline]] inline __m256i quantize_32(__m512 first, __m512 second, __m512 inverse) {
  const __m256i low = _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(first, inverse)));
  const __m256i high = _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(_mm512_mul_ps(second, inverse)));
  const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xD8);
  return _mm256_max_epi8(bytes, _mm256_set1_epi8(-127));
}

/// The sum of each eight bytes, 1024 too large.
[[gnu::always_inline]] inline __m256i sums_of_8(__m256i bytes) {
  return _mm256_sad_epu8(_mm256_xor_si256(bytes, _mm256_set1_epi8(static_cast<char>(0x80))), _mm256_setzero_si256());
}

[[gnu::always_inline]] inline void quantize_block(const float* values, BlockOf32& block) {
  const __m512 first = _mm512_loadu_ps(values), second = _mm512_loadu_ps(values + 16);
  const float largest = largest_lane(larger(second, larger(first, _mm512_setzero_ps())));
  const __m256i bytes = quantize_32(first, second, _mm512_set1_ps(inverse_scale(largest)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(block.values), bytes);
  const __m256i four = sums_of_8(bytes);
  const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
  block.sum = _mm_cvtsi128_si32(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two))) - 4096;
  block.scale = largest / 127.0f;
  block.scaled_sum = block.scale * static_cast<float>(block.sum);
}

[[gnu::always_inline]] inline void quantize_block(const float* values, BlockOf256& block) {
  __m512 lanes = _mm512_setzero_ps();
  for (int i = 0; i < 256; i += 16) lanes = larger(_mm512_loadu_ps(values + i), lanes);
  const float largest = largest_lane(lanes);
  const __m512 inverse = _mm512_set1_ps(inverse_scale(largest));
  for (int part = 0; part < 8; ++part) {
    const float* at = values + part * 32;
    const __m256i bytes = quantize_32(_mm512_loadu_ps(at), _mm512_loadu_ps(at + 16), inverse);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(block.values + part * 32), bytes);
    const __m256i eights = sums_of_8(bytes);
    const __m256i sixteens = _mm256_add_epi64(eights, _mm256_unpackhi_epi64(eights, eights));
    const int low = _mm_cvtsi128_si32(_mm256_castsi256_si128(sixteens)) - 2048;
    const int high = _mm_cvtsi128_si32(_mm256_extracti128_si256(sixteens, 1)) - 2048;
    block.sums_of_16[part * 2] = static_cast<int16_t>(low);
    block.sums_of_16[part * 2 + 1] = static_cast<int16_t>(high);
    block.sums_of_32[part] = static_cast<int16_t>(low + high);
  }
  block.scale = largest / 127.0f;
}

}  // namespace

size_t HEADRACE_AVX512::activation_bytes(ActivationFormat format, uint32_t inputs) {
  return HEADRACE_AVX2::activation_bytes(format, inputs);
}

void HEADRACE_AVX512::quantize(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first, uint32_t count,
                               std::byte* row_bytes) {
  if (format == ActivationFormat::BFloat16) return HEADRACE_AVX2::quantize(format, inputs, row, first, count, row_bytes);
  quantize_row(format, row, first, count, row_bytes, [](const float* values, auto& block) { quantize_block(values, block); });
}

}  // namespace headrace::kernels
