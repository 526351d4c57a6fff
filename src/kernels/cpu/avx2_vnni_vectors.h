#pragma once

#include "kernels/cpu/avx2_vectors.h"
#include "kernels/cpu/avx2_vnni_intrinsics.h"

namespace headrace::kernels {
namespace {

/// With vpdpbusd: products of four bytes go straight into the lane's 32 bits (see Avx512VnniVectors).
struct Avx2VnniVectors : Avx2Vectors {
  static constexpr bool kDotProduct = true;

  /// sum + Σ of four products of unsigned and signed bytes.
  HEADRACE_ALWAYS Ints add_dot(Ints sum, Ints u, Ints s) { return _mm256_dpbusd_avx_epi32(sum, u, s); }
  HEADRACE_ALWAYS Ints mul_32(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
  /// The scale that byte `byte` of each lane holds, in 32 bits.
  template <bool kSigned>
  HEADRACE_ALWAYS Ints scales(Ints bytes, int byte) {
    const Ints at_top = _mm256_slli_epi32(bytes, 24 - 8 * byte);
    return kSigned ? _mm256_srai_epi32(at_top, 24) : _mm256_srli_epi32(at_top, 24);
  }
};

}  // namespace
}  // namespace headrace::kernels
