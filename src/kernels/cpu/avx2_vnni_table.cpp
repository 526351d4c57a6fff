#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx2_vnni.h"

namespace headrace::kernels::HEADRACE_AVX2_VNNI {

constinit const KernelTable kTable = HEADRACE_AVX2::table_of_tier("avx2-vnni", 8, matmul, probe_products);

}  // namespace headrace::kernels::HEADRACE_AVX2_VNNI
