#pragma once

#include "kernels/cpu/avx2_vectors.h"
#include "kernels/cpu/avx2_vnni_intrinsics.h"

namespace headrace::kernels {
namespace {

struct Avx2VnniSet : Avx2Set {
  /// sum + Σ of four products of unsigned and signed bytes.
  HEADRACE_ALWAYS Ints add_dot(Ints sum, Ints u, Ints s) { return _mm256_dpbusd_avx_epi32(sum, u, s); }
};

using Avx2VnniVectors = DotVectors<Avx2VnniSet>;

}  // namespace
}  // namespace headrace::kernels
