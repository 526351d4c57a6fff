#if defined(__x86_64__)
#include <immintrin.h>

#include "text/bpe/merge_kernels.h"
#include "text/bpe/merge_lanes.h"

namespace headrace::text::merge_avx2 {
namespace {

struct Avx2 {
  static uint32_t least(const uint32_t* order, uint32_t blocks) {
    const auto load = [&](uint32_t i) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(order + 8 * i)); };
    __m256i least = _mm256_min_epu32(load(0), load(1));
    for (uint32_t i = 2; i < blocks * 2; i += 2) least = _mm256_min_epu32(least, _mm256_min_epu32(load(i), load(i + 1)));
    __m128i half = _mm_min_epu32(_mm256_castsi256_si128(least), _mm256_extracti128_si256(least, 1));
    half = _mm_min_epu32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_min_epu32(half, _mm_shuffle_epi32(half, 0xB1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(half));
  }
  static unsigned matches(const PairTable::Line& line, uint64_t key) {
    const __m256i keys = _mm256_load_si256(reinterpret_cast<const __m256i*>(line.keys));
    const __m256i equal = _mm256_cmpeq_epi64(keys, _mm256_set1_epi64x(static_cast<long long>(key)));
    return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(equal)));
  }
};

}  // namespace

extern const MergeKernels kKernels;
const MergeKernels kKernels{"avx2", merge_in_lanes<Avx2>};

}  // namespace headrace::text::merge_avx2
#endif
