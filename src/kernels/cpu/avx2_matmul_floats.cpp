#include "kernels/cpu/avx2_matmul.h"
#include "kernels/cpu/tile_bfloat16.h"

void headrace::kernels::HEADRACE_AVX2::matmul_floats(const MatmulArgs& args) {
  if (args.weight.type == WeightType::BF16) return matmul_bfloats<BfloatByFma<Avx2Matmul<Avx2Vectors>>>(args);
  matmul_family<Avx2Matmul<Avx2Vectors>, WeightFamily::Floats>(args);
}
