#if defined(__x86_64__)
#include <immintrin.h>

#include "text/bulk/split_kernels.h"

namespace headrace::text::split_avx512 {
namespace {

void classify(const uint8_t* text, size_t blocks, const uint8_t* ascii, uint8_t* codes, uint64_t* high,
              uint64_t* continuation) {
  const __m512i low_half = _mm512_loadu_si512(ascii), high_half = _mm512_loadu_si512(ascii + 64);
  const __m512i first_lead = _mm512_set1_epi8(static_cast<char>(0xC0));
  for (size_t block = 0; block < blocks; ++block, text += 64, codes += 64) {
    const __m512i bytes = _mm512_loadu_si512(text);
    const __mmask64 not_ascii = _mm512_movepi8_mask(bytes);
    _mm512_storeu_si512(codes, _mm512_maskz_permutex2var_epi8(~not_ascii, low_half, bytes, high_half));
    high[block] = not_ascii;
    continuation[block] = _mm512_cmplt_epi8_mask(bytes, first_lead);
  }
}

void planes(const uint8_t* codes, size_t blocks, CodePlanes* planes) {
  for (size_t block = 0; block < blocks; ++block, codes += 64) {
    const __m512i bytes = _mm512_loadu_si512(codes);
    for (int k = 0; k < 8; ++k) planes[block].of[k] = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(static_cast<char>(1 << k)));
  }
}

}  // namespace

extern const SplitKernels kKernels;
const SplitKernels kKernels{"avx512", classify, planes};

}  // namespace headrace::text::split_avx512
#endif
