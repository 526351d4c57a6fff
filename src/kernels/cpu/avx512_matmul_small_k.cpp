#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_small_k(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q2_K: return matmul_quantized<Avx512Matmul<Avx512Vectors>, WeightType::Q2_K>(args);
    case WeightType::Q3_K: return matmul_quantized<Avx512Matmul<Avx512Vectors>, WeightType::Q3_K>(args);
    default: return;
  }
}
