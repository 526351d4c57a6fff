#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_k_vnni(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_K: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q4_K>(args);
    case WeightType::Q5_K: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q5_K>(args);
    case WeightType::Q6_K: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q6_K>(args);
    default: return;
  }
}
