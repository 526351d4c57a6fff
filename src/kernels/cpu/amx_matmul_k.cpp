#include "kernels/cpu/amx_matmul.h"

void headrace::kernels::HEADRACE_AMX::matmul_k(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::Q4_K: return matmul_by_tiles<AmxVectors, WeightType::Q4_K>(args);
    case WeightType::Q5_K: return matmul_by_tiles<AmxVectors, WeightType::Q5_K>(args);
    case WeightType::Q6_K: return matmul_by_tiles<AmxVectors, WeightType::Q6_K>(args);
    default: return HEADRACE_AVX512::matmul_vnni(args);
  }
}
