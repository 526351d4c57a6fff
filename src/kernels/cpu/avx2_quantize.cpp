#include <immintrin.h>

#include "kernels/cpu/avx2.h"
#include "kernels/float16.h"
#include "kernels/portable/portable.h"
#include "kernels/portable/quantize_blocks.h"

namespace headrace::kernels {
namespace {

/// The largest magnitude of 32 values, a NaN passed over, and of what `largest` held before.
__m256 largest_of_32(const float* values, __m256 largest) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  for (int i = 0; i < 32; i += 8)
    largest = _mm256_max_ps(_mm256_and_ps(_mm256_loadu_ps(values + i), magnitude), largest);
  return largest;
}

float largest_lane(__m256 lanes) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

/// 32 values as int8; what is no number, or none of those, becomes −127.
__m256i quantize_32(const float* values, __m256 inverse) {
  __m256i words[4];
  for (int i = 0; i < 4; ++i)
    words[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(values + i * 8), inverse));
  const __m256i bytes =
      _mm256_packs_epi16(_mm256_packs_epi32(words[0], words[1]), _mm256_packs_epi32(words[2], words[3]));
  const __m256i in_order = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  return _mm256_max_epi8(in_order, _mm256_set1_epi8(-127));
}

/// The sums of each four bytes.
__m256i sums_of_4(__m256i bytes) {
  return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes), _mm256_set1_epi16(1));
}

void quantize_block(const float* values, BlockOf32& block) {
  const float largest = largest_lane(largest_of_32(values, _mm256_setzero_ps()));
  const __m256i bytes = quantize_32(values, _mm256_set1_ps(inverse_scale(largest)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(block.values), bytes);
  const __m256i eight = sums_of_4(bytes);
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
  sum = _mm_add_epi32(sum, _mm_unpackhi_epi64(sum, sum));
  block.sum = _mm_cvtsi128_si32(sum) + _mm_extract_epi32(sum, 1);
  block.scale = largest / 127.0f;
  block.scaled_sum = block.scale * static_cast<float>(block.sum);
}

void quantize_block(const float* values, BlockOf256& block) {
  __m256 lanes = _mm256_setzero_ps();
  for (int i = 0; i < 256; i += 32) lanes = largest_of_32(values + i, lanes);
  const float largest = largest_lane(lanes);
  const __m256 inverse = _mm256_set1_ps(inverse_scale(largest));
  for (int part = 0; part < 8; ++part) {
    const __m256i bytes = quantize_32(values + part * 32, inverse);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(block.values + part * 32), bytes);
    __m256i sums = sums_of_4(bytes);
    sums = _mm256_hadd_epi32(sums, sums);
    sums = _mm256_hadd_epi32(sums, sums);
    const int low = _mm_cvtsi128_si32(_mm256_castsi256_si128(sums));
    const int high = _mm_cvtsi128_si32(_mm256_extracti128_si256(sums, 1));
    block.sums_of_16[part * 2] = static_cast<int16_t>(low);
    block.sums_of_16[part * 2 + 1] = static_cast<int16_t>(high);
    block.sums_of_32[part] = static_cast<int16_t>(low + high);
  }
  block.scale = largest / 127.0f;
}

/// Eight values rounded to bfloat16, as float_to_bfloat16 does it.
[[gnu::always_inline]] inline __m256 rounded_to_bfloats(__m256 values) {
  const __m256i bits = _mm256_castps_si256(values);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(values, values, _CMP_UNORD_Q));
  const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
  const __m256i is_subnormal = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x00800000), magnitude);
  __m256i result = _mm256_and_si256(_mm256_blendv_epi8(rounded, quiet, is_nan), _mm256_set1_epi32(static_cast<int>(0xffff0000u)));
  result = _mm256_andnot_si256(_mm256_and_si256(is_subnormal, _mm256_set1_epi32(0x7fffffff)), result);
  return _mm256_castsi256_ps(result);
}

inline void round_to_bfloats(const float* row, uint32_t inputs, uint32_t first, uint32_t last, float* rounded) {
  uint32_t at = first;
  for (; at + 8 <= last; at += 8) _mm256_storeu_ps(rounded + at, rounded_to_bfloats(_mm256_loadu_ps(row + at)));
  for (; at < last; ++at) rounded[at] = bfloat16_to_float(float_to_bfloat16(row[at]));
  if (last == inputs && inputs % 2 != 0) rounded[inputs] = 0;  // the last one's partner
}

}  // namespace

size_t HEADRACE_AVX2::activation_bytes(ActivationFormat format, uint32_t inputs) {
  return HEADRACE_PORTABLE::activation_bytes(format, inputs);
}

void HEADRACE_AVX2::quantize(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first,
                             uint32_t count, std::byte* row_bytes) {
  if (format == ActivationFormat::BFloat16) return round_to_bfloats(row, inputs, first, first + count, reinterpret_cast<float*>(row_bytes));
  quantize_row(format, row, first, count, row_bytes, [](const float* values, auto& block) { quantize_block(values, block); });
}

}  // namespace headrace::kernels
