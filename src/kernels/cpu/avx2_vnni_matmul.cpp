#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul(const MatmulArgs& args) {
  switch (family_of(args.weight.type)) {
    case WeightFamily::Floats: return HEADRACE_AVX2::matmul(args);
    case WeightFamily::Legacy: return matmul_legacy(args);
    case WeightFamily::K: return matmul_k(args);
    case WeightFamily::SmallK: return matmul_small_k(args);
    case WeightFamily::Tables: return matmul_tables(args);
    case WeightFamily::Wide: return matmul_wide(args);
  }
}
