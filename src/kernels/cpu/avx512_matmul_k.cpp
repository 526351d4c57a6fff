#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_k(const MatmulArgs& args) {
  matmul_family<Avx512Matmul<Avx512Vectors>, WeightFamily::K>(args);
}
