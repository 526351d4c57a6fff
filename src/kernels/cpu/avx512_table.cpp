#include "kernels/cpu/avx512.h"

namespace headrace::kernels::HEADRACE_AVX512 {

constinit const KernelTable kTable = table_of_tier("avx512", 16, matmul);
constinit const KernelTable kVnniTable = vnni_table_of_tier("avx512", matmul_vnni, probe_products_vnni);

}  // namespace headrace::kernels::HEADRACE_AVX512
