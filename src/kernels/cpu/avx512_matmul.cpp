#include "kernels/cpu/avx512_matmul.h"

namespace headrace::kernels::HEADRACE_AVX512 {

void matmul(const MatmulArgs& args) {
  if (is_float(args.weight.type)) return matmul_floats(args);
  if (is_k(args.weight.type)) return matmul_k(args);
  matmul_legacy(args);
}

void matmul_vnni(const MatmulArgs& args) {
  if (is_float(args.weight.type)) return matmul_floats(args);
  if (is_k(args.weight.type)) return matmul_k_vnni(args);
  matmul_legacy_vnni(args);
}

}  // namespace headrace::kernels::HEADRACE_AVX512
