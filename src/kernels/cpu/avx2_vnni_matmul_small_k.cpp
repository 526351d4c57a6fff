#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul_small_k(const MatmulArgs& args) {
  matmul_family<Avx2VnniMatmul, WeightFamily::SmallK>(args);
}
