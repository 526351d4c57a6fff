#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul(const MatmulArgs& args) {
  if (is_float(args.weight.type)) return matmul_floats(args);
  if (is_k(args.weight.type)) return matmul_k(args);
  matmul_legacy(args);
}
