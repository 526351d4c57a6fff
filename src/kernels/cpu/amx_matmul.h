#pragma once

#include "kernels/cpu/amx.h"
#include "kernels/cpu/amx_sums.h"
#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_vectors.h"

namespace headrace::kernels::HEADRACE_AMX {

// The matrix products of each kind of quantised weight, one source each.
void matmul_legacy(const MatmulArgs& args);
void matmul_k(const MatmulArgs& args);

namespace {

/// What the kernels ask of AVX-512 beside the tile registers.
struct AmxVectors : Avx512Vectors {
  HEADRACE_ALWAYS Ints sub_8(Ints a, Ints b) { return _mm512_sub_epi8(a, b); }
  HEADRACE_ALWAYS Ints sub_16(Ints a, Ints b) { return _mm512_sub_epi16(a, b); }
  static void silu_gate(const float* up, uint32_t count, float* out) { HEADRACE_AVX512::silu_gate(up, count, out); }
  static void gelu_gate(const float* up, uint32_t count, float* out) { HEADRACE_AVX512::gelu_gate(up, count, out); }
};

}  // namespace
}  // namespace headrace::kernels::HEADRACE_AMX
