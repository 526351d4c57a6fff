#pragma once

#include "kernels/cpu/avx2_matmul.h"
#include "kernels/cpu/avx2_vnni.h"
#include "kernels/cpu/avx2_vnni_vectors.h"

namespace headrace::kernels::HEADRACE_AVX2_VNNI {

#include "kernels/cpu/matmul_families.h"

using Avx2VnniMatmul = HEADRACE_AVX2::Avx2Matmul<Avx2VnniVectors>;

}  // namespace headrace::kernels::HEADRACE_AVX2_VNNI
