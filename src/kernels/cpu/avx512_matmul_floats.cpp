#include "kernels/cpu/avx512_matmul.h"
#include "kernels/cpu/tile_bfloat16.h"

void headrace::kernels::HEADRACE_AVX512::matmul_floats(const MatmulArgs& args) {
  if (args.weight.type == WeightType::BF16) return matmul_bfloats<BfloatByFma<Avx512Matmul<Avx512Vectors>>>(args);
  matmul_family<Avx512Matmul<Avx512Vectors>, WeightFamily::Floats>(args);
}
