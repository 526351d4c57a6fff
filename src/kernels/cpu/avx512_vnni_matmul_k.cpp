#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::vnni::matmul_k(const MatmulArgs& args) {
  matmul_family<Avx512Matmul<Avx512VnniVectors>, WeightFamily::K>(args);
}
