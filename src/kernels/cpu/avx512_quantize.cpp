#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx512.h"

// Rows are quantised by the AVX2 code, which every CPU with AVX-512 runs: it waits for memory.

namespace headrace::kernels {

size_t HEADRACE_AVX512::activation_bytes(ActivationFormat format, uint32_t inputs) {
  return HEADRACE_AVX2::activation_bytes(format, inputs);
}

void HEADRACE_AVX512::quantize(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first,
                               uint32_t count, std::byte* row_bytes) {
  HEADRACE_AVX2::quantize(format, inputs, row, first, count, row_bytes);
}

}  // namespace headrace::kernels
