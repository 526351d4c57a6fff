#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_legacy_vnni(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_0: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q4_0>(args);
    case WeightType::Q4_1: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q4_1>(args);
    case WeightType::Q5_0: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q5_0>(args);
    case WeightType::Q5_1: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q5_1>(args);
    case WeightType::Q8_0: return matmul_quantized<Avx512Matmul<Avx512VnniVectors>, WeightType::Q8_0>(args);
    default: return;
  }
}
