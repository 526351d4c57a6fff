#include "kernels/cpu/avx512_matmul.h"

namespace headrace::kernels::HEADRACE_AVX512 {

void matmul(const MatmulArgs& args) {
  switch (family_of(args.weight.type)) {
    case WeightFamily::Floats: return matmul_floats(args);
    case WeightFamily::Legacy: return matmul_legacy(args);
    case WeightFamily::K: return matmul_k(args);
    case WeightFamily::SmallK: return matmul_small_k(args);
    case WeightFamily::Tables: return matmul_tables(args);
    case WeightFamily::Wide: return matmul_wide(args);
  }
}

void matmul_vnni(const MatmulArgs& args) {
  switch (family_of(args.weight.type)) {
    case WeightFamily::Floats: return matmul_floats(args);
    case WeightFamily::Legacy: return matmul_legacy_vnni(args);
    case WeightFamily::K: return matmul_k_vnni(args);
    case WeightFamily::SmallK: return matmul_small_k_vnni(args);
    case WeightFamily::Tables: return matmul_tables_vnni(args);
    case WeightFamily::Wide: return matmul_wide_vnni(args);
  }
}

}  // namespace headrace::kernels::HEADRACE_AVX512
