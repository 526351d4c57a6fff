#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul_legacy(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_0: return matmul_quantized<Avx2VnniMatmul, WeightType::Q4_0>(args);
    case WeightType::Q4_1: return matmul_quantized<Avx2VnniMatmul, WeightType::Q4_1>(args);
    case WeightType::Q5_0: return matmul_quantized<Avx2VnniMatmul, WeightType::Q5_0>(args);
    case WeightType::Q5_1: return matmul_quantized<Avx2VnniMatmul, WeightType::Q5_1>(args);
    case WeightType::Q8_0: return matmul_quantized<Avx2VnniMatmul, WeightType::Q8_0>(args);
    default: return;
  }
}
