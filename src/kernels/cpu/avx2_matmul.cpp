#include "kernels/cpu/avx2_matmul.h"

void headrace::kernels::HEADRACE_AVX2::matmul(const MatmulArgs& args) { matmul_by_family(args, matmul_floats); }
