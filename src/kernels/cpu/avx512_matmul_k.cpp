#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_k(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_K: return matmul_quantized<Avx512Matmul<Avx512Vectors>, WeightType::Q4_K>(args);
    case WeightType::Q5_K: return matmul_quantized<Avx512Matmul<Avx512Vectors>, WeightType::Q5_K>(args);
    case WeightType::Q6_K: return matmul_quantized<Avx512Matmul<Avx512Vectors>, WeightType::Q6_K>(args);
    default: return;
  }
}
