#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul_wide(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::TQ1_0:  // packed as TQ2_0
    case WeightType::TQ2_0: return matmul_quantized<Avx2Matmul, WeightType::TQ2_0>(args);
    case WeightType::Q8_K: return matmul_quantized<Avx2Matmul, WeightType::Q8_K>(args);
    default: return;
  }
}
