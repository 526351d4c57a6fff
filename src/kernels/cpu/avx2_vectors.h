#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#define HEADRACE_ALWAYS [[gnu::always_inline]] static inline

namespace headrace::kernels {
namespace {

/// What the tile kernels ask of an instruction set: eight outputs, one in each 32-bit lane.
struct Avx2Vectors {
  static constexpr uint32_t kOutputs = 8;
  static constexpr uint32_t kLongestSide = 5;  ///< rows of the largest register tile
  /// Whether dot() adds products of bytes straight into 32 bits (vpdpbusd).
  static constexpr bool kDotProduct = false;
  using Ints = __m256i;
  using Floats = __m256;

  HEADRACE_ALWAYS Ints load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
  HEADRACE_ALWAYS Ints zeros() { return _mm256_setzero_si256(); }
  HEADRACE_ALWAYS Ints all_bytes(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
  HEADRACE_ALWAYS Ints all_16(int v) { return _mm256_set1_epi16(static_cast<short>(v)); }
  /// Four bytes to every lane.
  HEADRACE_ALWAYS Ints all_words(const void* at) {
    int32_t word;
    std::memcpy(&word, at, 4);
    return _mm256_set1_epi32(word);
  }
  /// Σ of two products of unsigned and signed bytes in 16 bits.
  HEADRACE_ALWAYS Ints pair_sums(Ints u, Ints s) { return _mm256_maddubs_epi16(u, s); }
  /// Σ of two products of signed 16 bits in 32 bits.
  HEADRACE_ALWAYS Ints lane_sums(Ints a, Ints b) { return _mm256_madd_epi16(a, b); }
  HEADRACE_ALWAYS Ints add_16(Ints a, Ints b) { return _mm256_add_epi16(a, b); }
  HEADRACE_ALWAYS Ints add_32(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  HEADRACE_ALWAYS Ints sub_8(Ints a, Ints b) { return _mm256_sub_epi8(a, b); }
  HEADRACE_ALWAYS Ints sub_32(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  HEADRACE_ALWAYS Ints left_32(Ints a, int bits) { return _mm256_slli_epi32(a, bits); }
  HEADRACE_ALWAYS Ints left_16(Ints a, int bits) { return _mm256_slli_epi16(a, bits); }
  HEADRACE_ALWAYS Ints right_16(Ints a, int bits) { return _mm256_srli_epi16(a, bits); }
  HEADRACE_ALWAYS Ints both(Ints a, Ints b) { return _mm256_and_si256(a, b); }
  HEADRACE_ALWAYS Ints either(Ints a, Ints b) { return _mm256_or_si256(a, b); }
  /// Sixteen bytes as look_up takes them.
  HEADRACE_ALWAYS Ints table_of_16(const void* at) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(at)));
  }
  /// The byte of the table that each byte, 0 … 15, names.
  HEADRACE_ALWAYS Ints look_up(Ints table, Ints places) { return _mm256_shuffle_epi8(table, places); }
  HEADRACE_ALWAYS Ints flip_top_bit_8(Ints a) { return _mm256_xor_si256(a, all_bytes(0x80)); }
  HEADRACE_ALWAYS Ints magnitude_8(Ints a) { return _mm256_abs_epi8(a); }
  /// a · sign(w), byte by byte.
  HEADRACE_ALWAYS Ints with_sign_8(Ints a, Ints w) { return _mm256_sign_epi8(a, w); }
  /// The scale that byte `byte` of each lane holds, in both 16-bit halves of the lane.
  template <bool kSigned>
  HEADRACE_ALWAYS Ints scales(Ints bytes, int byte) { return halves_from_bytes<kSigned>(bytes, byte, byte); }
  /// Bytes `byte` and `byte` + 1 of each lane, as its 16-bit halves.
  template <bool kSigned>
  HEADRACE_ALWAYS Ints pair_of_bytes(Ints bytes, int byte) { return halves_from_bytes<kSigned>(bytes, byte, byte + 1); }

  HEADRACE_ALWAYS Floats load_floats(const void* at) { return _mm256_loadu_ps(static_cast<const float*>(at)); }
  HEADRACE_ALWAYS void store_floats(void* at, Floats v) { _mm256_storeu_ps(static_cast<float*>(at), v); }
  HEADRACE_ALWAYS Floats all(float v) { return _mm256_set1_ps(v); }
  HEADRACE_ALWAYS Floats load_halves(const void* at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(at)));
  }
  HEADRACE_ALWAYS Floats load_bfloats(const void* at) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(at)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }
  /// The same bits.
  HEADRACE_ALWAYS Floats as_floats(Ints a) { return _mm256_castsi256_ps(a); }
  HEADRACE_ALWAYS Floats to_floats(Ints a) { return _mm256_cvtepi32_ps(a); }
  HEADRACE_ALWAYS Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  HEADRACE_ALWAYS Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  HEADRACE_ALWAYS Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  /// c − a · b: the bits of fma(−a, b, c).
  HEADRACE_ALWAYS Floats fnma(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }

 private:
  template <bool kSigned>
  HEADRACE_ALWAYS Ints halves_from_bytes(Ints bytes, int low, int high) {
    // The byte goes to the top of its half if a signed shift is to bring it down.
    const int none = 0x80;
    const int halves = kSigned ? (high << 24 | none << 16 | low << 8 | none) : (none << 24 | high << 16 | none << 8 | low);
    const int step = kSigned ? 0x04000400 : 0x00040004;
    const __m128i pattern = _mm_setr_epi32(halves, halves + step, halves + 2 * step, halves + 3 * step);
    const Ints moved = _mm256_shuffle_epi8(bytes, _mm256_broadcastsi128_si256(pattern));
    return kSigned ? _mm256_srai_epi16(moved, 8) : moved;
  }
};

}  // namespace
}  // namespace headrace::kernels
