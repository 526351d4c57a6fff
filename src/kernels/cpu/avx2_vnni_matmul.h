#pragma once

#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx2_vnni.h"
#include "kernels/cpu/avx2_vnni_vectors.h"
#include "kernels/cpu/tile_matmul.h"

namespace headrace::kernels::HEADRACE_AVX2_VNNI {

// The matrix products of each kind of quantised weight, one source each.
void matmul_legacy(const MatmulArgs& args);
void matmul_k(const MatmulArgs& args);
void matmul_small_k(const MatmulArgs& args);
void matmul_tables(const MatmulArgs& args);
void matmul_wide(const MatmulArgs& args);

namespace {

struct Avx2VnniMatmul : Avx2VnniVectors {
  static void silu_gate(const float* up, uint32_t count, float* out) { HEADRACE_AVX2::silu_gate(up, count, out); }
  static void gelu_gate(const float* up, uint32_t count, float* out) { HEADRACE_AVX2::gelu_gate(up, count, out); }
};

}  // namespace
}  // namespace headrace::kernels::HEADRACE_AVX2_VNNI
