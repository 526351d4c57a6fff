#include "kernels/cpu/amx_matmul.h"

void headrace::kernels::HEADRACE_AMX::matmul_legacy(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_0: return matmul_by_tiles<AmxVectors, WeightType::Q4_0>(args);
    case WeightType::Q4_1: return matmul_by_tiles<AmxVectors, WeightType::Q4_1>(args);
    case WeightType::Q5_0: return matmul_by_tiles<AmxVectors, WeightType::Q5_0>(args);
    case WeightType::Q5_1: return matmul_by_tiles<AmxVectors, WeightType::Q5_1>(args);
    case WeightType::Q8_0: return matmul_by_tiles<AmxVectors, WeightType::Q8_0>(args);
    default: return HEADRACE_AVX512::matmul_vnni(args);
  }
}
