#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul_legacy(const MatmulArgs& args) {
  matmul_family<Avx2Matmul<Avx2Vectors>, WeightFamily::Legacy>(args);
}
