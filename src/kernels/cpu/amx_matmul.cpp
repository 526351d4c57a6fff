#include "kernels/cpu/amx_matmul.h"

namespace headrace::kernels::HEADRACE_AMX {
namespace {

/// Fewer rows than this are done sooner without tile registers (docs/design/0010).
constexpr uint32_t kFewestRows = 9;

}  // namespace

void matmul(const MatmulArgs& args) {
  if (args.rows < kFewestRows || is_float(args.weight.type)) return HEADRACE_AVX512::matmul_vnni(args);
  if (is_k(args.weight.type)) return matmul_k(args);
  matmul_legacy(args);
}

}  // namespace headrace::kernels::HEADRACE_AMX
