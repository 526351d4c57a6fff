#pragma once

#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx2_vectors.h"
#include "kernels/cpu/tile_matmul.h"

namespace headrace::kernels::HEADRACE_AVX2 {

void matmul_floats(const MatmulArgs& args);
#include "kernels/cpu/matmul_families.h"

template <class Vectors>
using Avx2Matmul = MatmulVectors<Vectors, silu_gate, gelu_gate>;

}  // namespace headrace::kernels::HEADRACE_AVX2
