#include "kernels/cpu/avx2_matmul.h"
#include "kernels/cpu/tile_bfloat16.h"

void headrace::kernels::HEADRACE_AVX2::matmul_floats(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::F32: return matmul_floats_of<Avx2Matmul, WeightType::F32>(args);
    case WeightType::F16: return matmul_floats_of<Avx2Matmul, WeightType::F16>(args);
    case WeightType::BF16: return matmul_bfloats<BfloatByFma<Avx2Matmul>>(args);
    default: return;
  }
}
