#include "kernels/cpu/avx2.h"

namespace headrace::kernels::HEADRACE_AVX2 {

constinit const KernelTable kTable = table_of_tier("avx2", 8, matmul);

}  // namespace headrace::kernels::HEADRACE_AVX2
