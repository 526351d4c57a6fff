#pragma once

#include "kernels/cpu/amx.h"
#include "kernels/cpu/amx_sums.h"
#include "kernels/cpu/avx512_matmul.h"

namespace headrace::kernels::HEADRACE_AMX {

/// The matrix products of the K types, the only quantised ones that the tile registers serve (docs/design/0010).
void matmul_k(const MatmulArgs& args);

/// What the kernels ask of AVX-512 beside the tile registers.
using AmxVectors = HEADRACE_AVX512::Avx512Matmul<Avx512Vectors>;

}  // namespace headrace::kernels::HEADRACE_AMX
