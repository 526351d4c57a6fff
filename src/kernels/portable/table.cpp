#include "kernels/portable/portable.h"

namespace headrace::kernels::HEADRACE_PORTABLE {

constinit const KernelTable kTable = table_of_tier("portable", 1, matmul);

}  // namespace headrace::kernels::HEADRACE_PORTABLE
