#include "kernels/cpu/amx_matmul.h"

namespace headrace::kernels::HEADRACE_AMX {
namespace {

/// Fewer rows than this are done sooner without tile registers, and types with a scale for 32 inputs at any number (docs/design/0010).
constexpr uint32_t kFewestRows = 16;

}  // namespace

void matmul(const MatmulArgs& args) {
  if (args.rows >= kFewestRows && family_of(args.weight.type) == WeightFamily::K) return matmul_k(args);
  HEADRACE_AVX512::matmul_vnni(args);
}

}  // namespace headrace::kernels::HEADRACE_AMX
