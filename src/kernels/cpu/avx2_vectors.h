#pragma once

#include <immintrin.h>

#include "kernels/cpu/tile_vectors.h"

namespace headrace::kernels {
namespace {

/// AVX2's operations, for TileVectors: eight outputs.
struct Avx2Set {
  static constexpr uint32_t kOutputs = 8;
  static constexpr uint32_t kLongestSide = 5;  ///< rows of the largest register tile
  using Ints = __m256i;
  using Floats = __m256;

  HEADRACE_ALWAYS Ints load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
  /// Unsigned 16 bits of each lane.
  HEADRACE_ALWAYS Ints load_wide_16(const void* at) { return _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at))); }
  HEADRACE_ALWAYS Ints zeros() { return _mm256_setzero_si256(); }
  HEADRACE_ALWAYS Ints all_bytes(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  HEADRACE_ALWAYS Ints all_16(int v) { return _mm256_set1_epi16(static_cast<short>(v)); }
  HEADRACE_ALWAYS Ints all_32(int32_t v) { return _mm256_set1_epi32(v); }
  HEADRACE_ALWAYS Ints all_128(__m128i v) { return _mm256_broadcastsi128_si256(v); }
  /// Σ of two products of unsigned and signed bytes in 16 bits.
  HEADRACE_ALWAYS Ints pair_sums(Ints u, Ints s) { return _mm256_maddubs_epi16(u, s); }
  /// Σ of two products of signed 16 bits in 32 bits.
  HEADRACE_ALWAYS Ints lane_sums(Ints a, Ints b) { return _mm256_madd_epi16(a, b); }
  HEADRACE_ALWAYS Ints mul_32(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
  HEADRACE_ALWAYS Ints add_16(Ints a, Ints b) { return _mm256_add_epi16(a, b); }
  HEADRACE_ALWAYS Ints add_32(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  HEADRACE_ALWAYS Ints sub_8(Ints a, Ints b) { return _mm256_sub_epi8(a, b); }
  HEADRACE_ALWAYS Ints sub_32(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  HEADRACE_ALWAYS Ints left_32(Ints a, int bits) { return _mm256_slli_epi32(a, bits); }
  HEADRACE_ALWAYS Ints left_16(Ints a, int bits) { return _mm256_slli_epi16(a, bits); }
  HEADRACE_ALWAYS Ints right_32(Ints a, int bits) { return _mm256_srli_epi32(a, bits); }
  HEADRACE_ALWAYS Ints right_16(Ints a, int bits) { return _mm256_srli_epi16(a, bits); }
  HEADRACE_ALWAYS Ints right_signed_32(Ints a, int bits) { return _mm256_srai_epi32(a, bits); }
  HEADRACE_ALWAYS Ints right_signed_16(Ints a, int bits) { return _mm256_srai_epi16(a, bits); }
  HEADRACE_ALWAYS Ints both(Ints a, Ints b) { return _mm256_and_si256(a, b); }
  HEADRACE_ALWAYS Ints either(Ints a, Ints b) { return _mm256_or_si256(a, b); }
  HEADRACE_ALWAYS Ints differ(Ints a, Ints b) { return _mm256_xor_si256(a, b); }
  /// The byte of the table (of its 128 bits) that each byte, 0 … 15, names; 0 for a byte with the top bit.
  HEADRACE_ALWAYS Ints look_up(Ints table, Ints places) { return _mm256_shuffle_epi8(table, places); }
  HEADRACE_ALWAYS Ints magnitude_8(Ints a) { return _mm256_abs_epi8(a); }
  /// a · sign(w), byte by byte; where w is 0, anything.
  HEADRACE_ALWAYS Ints with_sign_8(Ints a, Ints w) { return _mm256_sign_epi8(a, w); }

  HEADRACE_ALWAYS Floats load_floats(const void* at) { return _mm256_loadu_ps(static_cast<const float*>(at)); }
  HEADRACE_ALWAYS void store_floats(void* at, Floats v) { _mm256_storeu_ps(static_cast<float*>(at), v); }
  HEADRACE_ALWAYS Floats all(float v) { return _mm256_set1_ps(v); }
  HEADRACE_ALWAYS Floats load_halves(const void* at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(at)));
  }
  /// The floats that the lanes' bits are.
  HEADRACE_ALWAYS Floats as_floats(Ints a) { return _mm256_castsi256_ps(a); }
  HEADRACE_ALWAYS Floats to_floats(Ints a) { return _mm256_cvtepi32_ps(a); }
  HEADRACE_ALWAYS Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  HEADRACE_ALWAYS Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  HEADRACE_ALWAYS Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  /// c − a · b: the bits of fma(−a, b, c).
  HEADRACE_ALWAYS Floats fnma(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }
};

using Avx2Vectors = TileVectors<Avx2Set>;

}  // namespace
}  // namespace headrace::kernels
