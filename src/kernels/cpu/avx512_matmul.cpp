#include "kernels/cpu/avx512_matmul.h"

namespace headrace::kernels::HEADRACE_AVX512 {

void matmul(const MatmulArgs& args) { matmul_by_family(args, matmul_floats); }

void matmul_vnni(const MatmulArgs& args) { vnni::matmul_by_family(args, matmul_floats); }

}  // namespace headrace::kernels::HEADRACE_AVX512
