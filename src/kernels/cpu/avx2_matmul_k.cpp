#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul_k(const MatmulArgs& args) {
  matmul_family<Avx2Matmul<Avx2Vectors>, WeightFamily::K>(args);
}
