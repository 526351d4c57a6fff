#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul_k(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_K: return matmul_quantized<Avx2VnniMatmul, WeightType::Q4_K>(args);
    case WeightType::Q5_K: return matmul_quantized<Avx2VnniMatmul, WeightType::Q5_K>(args);
    case WeightType::Q6_K: return matmul_quantized<Avx2VnniMatmul, WeightType::Q6_K>(args);
    default: return;
  }
}
