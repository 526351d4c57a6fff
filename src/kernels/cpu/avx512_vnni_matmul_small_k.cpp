#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_small_k_vnni(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q2_K: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q2_K>(args);
    case WeightType::Q3_K: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q3_K>(args);
    default: return;
  }
}
