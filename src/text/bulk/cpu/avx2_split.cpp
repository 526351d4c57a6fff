#if defined(__x86_64__)
#include <immintrin.h>

#include "text/bulk/split_kernels.h"

namespace headrace::text::split_avx2 {
namespace {

__m256i load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

/// PERF: a table of 128 bytes is eight of sixteen. The bytes of the other seven, moved up by 112
/// with saturation, have their top bit set, for which the shuffle gives 0.
__m256i look_up(__m256i bytes, const __m256i* tables) {
  const __m256i bias = _mm256_set1_epi8(0x70), row = _mm256_set1_epi8(16);
  __m256i codes = _mm256_setzero_si256();
  for (int i = 0; i < 8; ++i) {
    codes = _mm256_or_si256(codes, _mm256_shuffle_epi8(tables[i], _mm256_adds_epu8(bytes, bias)));
    bytes = _mm256_sub_epi8(bytes, row);
  }
  return codes;
}

uint64_t joined(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(high))) << 32;
}

void classify(const uint8_t* text, size_t blocks, const uint8_t* ascii, uint8_t* codes, uint64_t* high,
              uint64_t* continuation) {
  __m256i tables[8];
  for (int i = 0; i < 8; ++i) {
    tables[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(ascii + 16 * i)));
  }
  const __m256i first_lead = _mm256_set1_epi8(static_cast<char>(0xC0));
  for (size_t block = 0; block < blocks; ++block, text += 64, codes += 64) {
    const __m256i a = load(text), b = load(text + 32);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), look_up(a, tables));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes + 32), look_up(b, tables));
    high[block] = joined(a, b);
    continuation[block] = joined(_mm256_cmpgt_epi8(first_lead, a), _mm256_cmpgt_epi8(first_lead, b));
  }
}

void planes(const uint8_t* codes, size_t blocks, CodePlanes* planes) {
  for (size_t block = 0; block < blocks; ++block, codes += 64) {
    __m256i a = load(codes), b = load(codes + 32);
    for (int k = 7; k >= 0; --k) {
      planes[block].of[k] = joined(a, b);
      a = _mm256_add_epi8(a, a);
      b = _mm256_add_epi8(b, b);
    }
  }
}

}  // namespace

extern const SplitKernels kKernels;
const SplitKernels kKernels{"avx2", classify, planes};

}  // namespace headrace::text::split_avx2
#endif
