#include "kernels/cpu/avx512_matmul.h"
#include "kernels/cpu/tile_bfloat16.h"

void headrace::kernels::HEADRACE_AVX512::matmul_floats(const MatmulArgs& args) {
  switch (args.weight.type) {
    case WeightType::F32: return matmul_floats_of<Avx512Matmul<Avx512Vectors>, WeightType::F32>(args);
    case WeightType::F16: return matmul_floats_of<Avx512Matmul<Avx512Vectors>, WeightType::F16>(args);
    case WeightType::BF16: return matmul_bfloats<BfloatByFma<Avx512Matmul<Avx512Vectors>>>(args);
    default: return;
  }
}
