#if defined(__x86_64__)
#include <immintrin.h>

#include "text/unicode/utf8_kernels.h"

namespace headrace::text::utf8_avx2 {
namespace {

/// Half bytes, as bits of sixteen.
constexpr unsigned from_to(unsigned first, unsigned last) { return (2u << last) - (1u << first); }
constexpr unsigned kAny = 0xFFFF;
constexpr unsigned kAscii = from_to(0x0, 0x7), kContinuation = from_to(0x8, 0xB), kLead = from_to(0xC, 0xF);

/// Two bytes side by side that no valid text has, by both halves of the first and the upper half of the second.
struct Mistake {
  unsigned first_upper, first_lower, second_upper;
  uint8_t bit;
};
/// Two continuations are none behind a lead of three or four bytes, and must be there: these alone have the top bit.
constexpr uint8_t kTwoContinuations = 0x80;
constexpr Mistake kMistakes[] = {
    {kLead, kAny, kAscii | kLead, 0x01},                                     // a character without its second byte
    {kAscii, kAny, kContinuation, 0x02},                                     // a second byte of none
    {1u << 0xE, 1u << 0x0, from_to(0x8, 0x9), 0x04},                         // three bytes where two would do
    {1u << 0xE, 1u << 0xD, from_to(0xA, 0xB), 0x08},                         // a surrogate
    {1u << 0xF, from_to(0x4, 0xF), from_to(0x9, 0xB), 0x10},                 // beyond the last character
    {1u << 0xF, 1u << 0x0 | from_to(0x5, 0xF), 1u << 0x8, 0x20},             // four bytes where three would do; beyond the last
    {1u << 0xC, from_to(0x0, 0x1), kContinuation, 0x40},                     // two bytes where one would do
    {kContinuation, kAny, kContinuation, kTwoContinuations},
};

struct Table {
  uint8_t of[16] = {};
};
constexpr Table table_of(unsigned Mistake::*halves) {
  Table table;
  for (const Mistake& mistake : kMistakes) {
    for (unsigned half = 0; half < 16; ++half) table.of[half] |= mistake.*halves >> half & 1 ? mistake.bit : 0;
  }
  return table;
}
constexpr Table kFirstUpper = table_of(&Mistake::first_upper), kFirstLower = table_of(&Mistake::first_lower),
                kSecondUpper = table_of(&Mistake::second_upper);

__m256i load(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
__m256i look_up(const Table& table, __m256i halves) {
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.of))), halves);
}
__m256i upper_halves(__m256i bytes) { return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F)); }

/// The bytes `count` places before each of `bytes`, which `before` stands in front of.
template <int count>
__m256i earlier(__m256i bytes, __m256i before) {
  return _mm256_alignr_epi8(bytes, _mm256_permute2x128_si256(before, bytes, 0x21), 16 - count);
}

/// Not zero where something is wrong with a byte and those before it.
__m256i mistakes(__m256i bytes, __m256i before) {
  const __m256i first = earlier<1>(bytes, before);
  const __m256i pairs = _mm256_and_si256(
      _mm256_and_si256(look_up(kFirstUpper, upper_halves(first)), look_up(kFirstLower, _mm256_and_si256(first, _mm256_set1_epi8(0x0F)))),
      look_up(kSecondUpper, upper_halves(bytes)));
  // A third or fourth byte stands two behind E0 to FF or three behind F0 to FF: there the top bit stays.
  const __m256i third = _mm256_subs_epu8(earlier<2>(bytes, before), _mm256_set1_epi8(static_cast<char>(0xE0 - 0x80)));
  const __m256i fourth = _mm256_subs_epu8(earlier<3>(bytes, before), _mm256_set1_epi8(static_cast<char>(0xF0 - 0x80)));
  const __m256i later = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8(static_cast<char>(kTwoContinuations)));
  return _mm256_xor_si256(pairs, later);
}

/// PERF: pairs of bytes by three tables of half bytes (the way of Keiser and Lemire's "Validating UTF-8 in less than one
/// instruction per byte"); two blocks of ASCII one after the other need no look.
size_t valid_blocks(const uint8_t* text, size_t blocks) {
  __m256i before = _mm256_setzero_si256();
  bool ascii_before = true;
  for (size_t block = 0; block < blocks; ++block, text += 64) {
    const __m256i low = load(text), high = load(text + 32);
    const bool ascii = _mm256_movemask_epi8(_mm256_or_si256(low, high)) == 0;
    if (!ascii || !ascii_before) {
      const __m256i wrong = _mm256_or_si256(mistakes(low, before), mistakes(high, low));
      if (!_mm256_testz_si256(wrong, wrong)) return block;
    }
    before = high;
    ascii_before = ascii;
  }
  return blocks;
}

}  // namespace

extern const Utf8Kernels kKernels;
const Utf8Kernels kKernels{"avx2", valid_blocks};

}  // namespace headrace::text::utf8_avx2
#endif
