#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#define HEADRACE_ALWAYS [[gnu::always_inline]] static inline

namespace headrace::kernels {
namespace {

/// What the tile kernels ask of an instruction set: V::kOutputs outputs, one in each 32-bit lane. `Set` has the set's own
/// operations (avx2_vectors.h says what each does); here is what follows from them.
template <class Set>
struct TileVectors : Set {
  using typename Set::Floats;
  using typename Set::Ints;
  /// Whether add_dot() adds products of bytes straight into 32 bits (vpdpbusd).
  static constexpr bool kDotProduct = false;

  /// Four bytes to every lane.
  HEADRACE_ALWAYS Ints all_words(const void* at) {
    int32_t word;
    std::memcpy(&word, at, 4);
    return Set::all_32(word);
  }
  /// Sixteen bytes as look_up takes them.
  HEADRACE_ALWAYS Ints table_of_16(const void* at) { return Set::all_128(_mm_loadu_si128(static_cast<const __m128i*>(at))); }
  HEADRACE_ALWAYS Ints flip_top_bit_8(Ints a) { return Set::differ(a, Set::all_bytes(0x80)); }
  HEADRACE_ALWAYS Floats load_bfloats(const void* at) { return Set::as_floats(Set::left_32(Set::load_wide_16(at), 16)); }
  /// The scale that byte `byte` of each lane holds, in both 16-bit halves of the lane.
  template <bool kSigned>
  HEADRACE_ALWAYS Ints scales(Ints bytes, int byte) { return halves_from_bytes<kSigned>(bytes, byte, byte); }
  /// Bytes `byte` and `byte` + 1 of each lane, as its 16-bit halves.
  template <bool kSigned>
  HEADRACE_ALWAYS Ints pair_of_bytes(Ints bytes, int byte) { return halves_from_bytes<kSigned>(bytes, byte, byte + 1); }

 private:
  template <bool kSigned>
  HEADRACE_ALWAYS Ints halves_from_bytes(Ints bytes, int low, int high) {
    // The byte goes to the top of its half if a signed shift is to bring it down.
    const int none = 0x80;
    const int halves = kSigned ? (high << 24 | none << 16 | low << 8 | none) : (none << 24 | high << 16 | none << 8 | low);
    const int step = kSigned ? 0x04000400 : 0x00040004;
    const Ints moved = Set::look_up(bytes, Set::all_128(_mm_setr_epi32(halves, halves + step, halves + 2 * step, halves + 3 * step)));
    return kSigned ? Set::right_signed_16(moved, 8) : moved;
  }
};

/// The same with vpdpbusd, `Set`'s add_dot: products of four bytes go straight into the lane's 32 bits.
template <class Set>
struct DotVectors : TileVectors<Set> {
  using typename Set::Ints;
  static constexpr bool kDotProduct = true;

  /// The scale that byte `byte` of each lane holds, in 32 bits.
  template <bool kSigned>
  HEADRACE_ALWAYS Ints scales(Ints bytes, int byte) {
    const Ints at_top = Set::left_32(bytes, 24 - 8 * byte);
    return kSigned ? Set::right_signed_32(at_top, 24) : Set::right_32(at_top, 24);
  }
};

}  // namespace
}  // namespace headrace::kernels
