#include "kernels/cpu/amx_matmul.h"

namespace headrace::kernels::HEADRACE_AMX {
namespace {

/// Fewer rows than this are done sooner without tile registers (docs/design/0010).
constexpr uint32_t kFewestRows = 9;

}  // namespace

void matmul(const MatmulArgs& args) {
  const WeightFamily family = family_of(args.weight.type);
  if (args.rows >= kFewestRows && family == WeightFamily::Legacy) return matmul_legacy(args);
  if (args.rows >= kFewestRows && family == WeightFamily::K) return matmul_k(args);
  HEADRACE_AVX512::matmul_vnni(args);
}

}  // namespace headrace::kernels::HEADRACE_AMX
