#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul_small_k(const MatmulArgs& args) {
  matmul_family<Avx2Matmul<Avx2Vectors>, WeightFamily::SmallK>(args);
}
