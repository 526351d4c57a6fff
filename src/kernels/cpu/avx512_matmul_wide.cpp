#include "kernels/cpu/avx512_matmul.h"

void headrace::kernels::HEADRACE_AVX512::matmul_wide(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::TQ1_0:  // packed as TQ2_0
    case WeightType::TQ2_0: return matmul_quantized<Avx512Matmul<Avx512Vectors>, WeightType::TQ2_0>(args);
    case WeightType::Q8_K: return matmul_quantized<Avx512Matmul<Avx512Vectors>, WeightType::Q8_K>(args);
    default: return;
  }
}
