#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul_small_k(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q2_K: return matmul_quantized<Avx2VnniMatmul, WeightType::Q2_K>(args);
    case WeightType::Q3_K: return matmul_quantized<Avx2VnniMatmul, WeightType::Q3_K>(args);
    default: return;
  }
}
