#include "kernels/cpu/amx.h"
#include "kernels/cpu/avx512.h"

namespace headrace::kernels::HEADRACE_AMX {

constinit const KernelTable kTable = HEADRACE_AVX512::table_of_tier("amx", 16, matmul);

}  // namespace headrace::kernels::HEADRACE_AMX
