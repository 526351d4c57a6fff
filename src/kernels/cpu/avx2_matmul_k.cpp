#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul_k(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_K: return matmul_quantized<Avx2Matmul, WeightType::Q4_K>(args);
    case WeightType::Q5_K: return matmul_quantized<Avx2Matmul, WeightType::Q5_K>(args);
    case WeightType::Q6_K: return matmul_quantized<Avx2Matmul, WeightType::Q6_K>(args);
    default: return;
  }
}
