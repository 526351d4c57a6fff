#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/avx512_intrinsics.h"

#ifndef HEADRACE_ALWAYS
#define HEADRACE_ALWAYS [[gnu::always_inline]] static inline
#endif

namespace headrace::kernels {
namespace {

/// What the tile kernels ask of an instruction set (see Avx2Vectors): sixteen outputs.
struct Avx512Vectors {
  static constexpr uint32_t kOutputs = 16;
#ifdef HEADRACE_EMULATE_AVX512
  static constexpr uint32_t kLongestSide = 3;  // an emulation is long enough as it is
#else
  static constexpr uint32_t kLongestSide = 8;
#endif
  static constexpr bool kDotProduct = false;
  using Ints = __m512i;
  using Floats = __m512;

  HEADRACE_ALWAYS Ints load(const void* at) { return _mm512_loadu_si512(at); }
  HEADRACE_ALWAYS Ints zeros() { return _mm512_setzero_si512(); }
  HEADRACE_ALWAYS Ints all_bytes(int v) { return _mm512_set1_epi8(static_cast<char>(v)); }
  HEADRACE_ALWAYS Ints all_16(int v) { return _mm512_set1_epi16(static_cast<short>(v)); }
  HEADRACE_ALWAYS Ints all_words(const void* at) {
    int32_t word;
    std::memcpy(&word, at, 4);
    return _mm512_set1_epi32(word);
  }
  HEADRACE_ALWAYS Ints pair_sums(Ints u, Ints s) { return _mm512_maddubs_epi16(u, s); }
  HEADRACE_ALWAYS Ints lane_sums(Ints a, Ints b) { return _mm512_madd_epi16(a, b); }
  HEADRACE_ALWAYS Ints add_16(Ints a, Ints b) { return _mm512_add_epi16(a, b); }
  HEADRACE_ALWAYS Ints add_32(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  HEADRACE_ALWAYS Ints sub_8(Ints a, Ints b) { return _mm512_sub_epi8(a, b); }
  HEADRACE_ALWAYS Ints sub_32(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
  HEADRACE_ALWAYS Ints left_32(Ints a, int bits) { return _mm512_slli_epi32(a, bits); }
  HEADRACE_ALWAYS Ints left_16(Ints a, int bits) { return _mm512_slli_epi16(a, bits); }
  HEADRACE_ALWAYS Ints right_16(Ints a, int bits) { return _mm512_srli_epi16(a, bits); }
  HEADRACE_ALWAYS Ints both(Ints a, Ints b) { return _mm512_and_si512(a, b); }
  HEADRACE_ALWAYS Ints either(Ints a, Ints b) { return _mm512_or_si512(a, b); }
  HEADRACE_ALWAYS Ints flip_top_bit_8(Ints a) { return _mm512_xor_si512(a, all_bytes(0x80)); }
  HEADRACE_ALWAYS Ints table_of_16(const void* at) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(at)));
  }
  HEADRACE_ALWAYS Ints look_up(Ints table, Ints places) { return _mm512_shuffle_epi8(table, places); }
  HEADRACE_ALWAYS Ints magnitude_8(Ints a) { return _mm512_abs_epi8(a); }
  /// −a where w is negative; where w is zero its magnitude makes the product zero.
  HEADRACE_ALWAYS Ints with_sign_8(Ints a, Ints w) {
    return _mm512_mask_sub_epi8(a, _mm512_movepi8_mask(w), _mm512_setzero_si512(), a);
  }
  template <bool kSigned>
  HEADRACE_ALWAYS Ints scales(Ints bytes, int byte) {
    return halves_from_bytes<kSigned>(bytes, byte, byte);
  }
  template <bool kSigned>
  HEADRACE_ALWAYS Ints pair_of_bytes(Ints bytes, int byte) {
    return halves_from_bytes<kSigned>(bytes, byte, byte + 1);
  }

  HEADRACE_ALWAYS Floats load_floats(const void* at) { return _mm512_loadu_ps(at); }
  HEADRACE_ALWAYS void store_floats(void* at, Floats v) { _mm512_storeu_ps(at, v); }
  HEADRACE_ALWAYS Floats all(float v) { return _mm512_set1_ps(v); }
  HEADRACE_ALWAYS Floats load_halves(const void* at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
  }
  HEADRACE_ALWAYS Floats load_bfloats(const void* at) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(static_cast<const __m256i*>(at)));
    return _mm512_castsi512_ps(left_32(wide, 16));
  }
  /// The same bits.
  HEADRACE_ALWAYS Floats as_floats(Ints a) { return _mm512_castsi512_ps(a); }
  HEADRACE_ALWAYS Floats to_floats(Ints a) { return _mm512_cvtepi32_ps(a); }
  HEADRACE_ALWAYS Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  HEADRACE_ALWAYS Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  HEADRACE_ALWAYS Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  HEADRACE_ALWAYS Floats fnma(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }

 private:
  template <bool kSigned>
  HEADRACE_ALWAYS Ints halves_from_bytes(Ints bytes, int low, int high) {
    const int none = 0x80;
    const int halves = kSigned ? (high << 24 | none << 16 | low << 8 | none) : (none << 24 | high << 16 | none << 8 | low);
    const int step = kSigned ? 0x04000400 : 0x00040004;
    const __m128i pattern = _mm_setr_epi32(halves, halves + step, halves + 2 * step, halves + 3 * step);
    const Ints moved = _mm512_shuffle_epi8(bytes, _mm512_broadcast_i32x4(pattern));
    return kSigned ? _mm512_srai_epi16(moved, 8) : moved;
  }
};

#if defined(__AVX512VNNI__) || defined(HEADRACE_EMULATE_AVX512)
/// With vpdpbusd: products of four bytes go straight into the lane's 32 bits.
struct Avx512VnniVectors : Avx512Vectors {
  static constexpr bool kDotProduct = true;

  /// sum + Σ of four products of unsigned and signed bytes.
  HEADRACE_ALWAYS Ints add_dot(Ints sum, Ints u, Ints s) { return _mm512_dpbusd_epi32(sum, u, s); }
  HEADRACE_ALWAYS Ints mul_32(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }
  /// The scale that byte `byte` of each lane holds, in 32 bits.
  template <bool kSigned>
  HEADRACE_ALWAYS Ints scales(Ints bytes, int byte) {
    const Ints at_top = _mm512_slli_epi32(bytes, 24 - 8 * byte);
    return kSigned ? _mm512_srai_epi32(at_top, 24) : _mm512_srli_epi32(at_top, 24);
  }
};
#endif

}  // namespace
}  // namespace headrace::kernels
