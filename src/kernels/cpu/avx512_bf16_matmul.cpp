#include "kernels/cpu/avx512_bf16_vectors.h"
#include "kernels/cpu/avx512_matmul.h"
#include "kernels/cpu/tile_bfloat16.h"

void headrace::kernels::HEADRACE_AVX512::matmul_bf16(const MatmulArgs& args) {
  if (args.weight.type != WeightType::BF16) return matmul_vnni(args);
  matmul_bfloats<BfloatByPairs<Avx512Matmul<Avx512Vectors>>>(args);
}
