#pragma once

#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_vectors.h"
#include "kernels/cpu/tile_matmul.h"

namespace headrace::kernels::HEADRACE_AVX512 {

void matmul_floats(const MatmulArgs& args);
#include "kernels/cpu/matmul_families.h"

namespace vnni {
#include "kernels/cpu/matmul_families.h"
}  // namespace vnni

template <class Vectors>
using Avx512Matmul = MatmulVectors<Vectors, silu_gate, gelu_gate>;

}  // namespace headrace::kernels::HEADRACE_AVX512
