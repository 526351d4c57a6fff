#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul_small_k(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q2_K: return matmul_quantized<Avx2Matmul, WeightType::Q2_K>(args);
    case WeightType::Q3_K: return matmul_quantized<Avx2Matmul, WeightType::Q3_K>(args);
    default: return;
  }
}
