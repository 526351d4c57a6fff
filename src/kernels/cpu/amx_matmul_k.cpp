#include "kernels/cpu/amx_matmul.h"

namespace headrace::kernels::HEADRACE_AMX {

void matmul_k(const MatmulArgs& args) {
  with_type(args.weight.type, [&]<WeightType W>() __attribute__((always_inline)) {
    if constexpr (family_of(W) == WeightFamily::K) matmul_by_tiles<AmxVectors, W>(args);
  });
}

uint64_t probe_products(WeightType type, uint32_t blocks) {
  if (family_of(type) != WeightFamily::K) return HEADRACE_AVX512::probe_products_vnni(type, blocks);
  uint64_t operations = 0;
  with_type(type, [&]<WeightType W>() __attribute__((always_inline)) {
    if constexpr (family_of(W) == WeightFamily::K) operations = probe_tiles<AmxVectors, W>(blocks);
  });
  return operations;
}

}  // namespace headrace::kernels::HEADRACE_AMX
