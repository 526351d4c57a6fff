#pragma once

#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_vectors.h"
#include "kernels/cpu/tile_matmul.h"

namespace headrace::kernels::HEADRACE_AVX512 {

// The matrix products of each kind of weight, one source each.
void matmul_floats(const MatmulArgs& args);
void matmul_legacy(const MatmulArgs& args);
void matmul_k(const MatmulArgs& args);
void matmul_small_k(const MatmulArgs& args);
void matmul_tables(const MatmulArgs& args);
void matmul_wide(const MatmulArgs& args);
void matmul_legacy_vnni(const MatmulArgs& args);
void matmul_k_vnni(const MatmulArgs& args);
void matmul_small_k_vnni(const MatmulArgs& args);
void matmul_tables_vnni(const MatmulArgs& args);
void matmul_wide_vnni(const MatmulArgs& args);

namespace {

template <class Vectors>
struct Avx512Matmul : Vectors {
  static void silu_gate(const float* up, uint32_t count, float* out) { HEADRACE_AVX512::silu_gate(up, count, out); }
  static void gelu_gate(const float* up, uint32_t count, float* out) { HEADRACE_AVX512::gelu_gate(up, count, out); }
};

}  // namespace
}  // namespace headrace::kernels::HEADRACE_AVX512
