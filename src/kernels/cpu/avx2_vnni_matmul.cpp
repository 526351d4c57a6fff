#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul(const MatmulArgs& args) {
  if (is_float(args.weight.type)) return HEADRACE_AVX2::matmul(args);
  if (is_k(args.weight.type)) return matmul_k(args);
  matmul_legacy(args);
}
