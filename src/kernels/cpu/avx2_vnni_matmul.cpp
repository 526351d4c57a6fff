#include "kernels/cpu/avx2_vnni_matmul.h"

void headrace::kernels::HEADRACE_AVX2_VNNI::matmul(const MatmulArgs& args) { matmul_by_family(args, HEADRACE_AVX2::matmul); }
