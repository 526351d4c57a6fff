#include <cstring>

#include "kernels/cpu/avx512.h"
#include "kernels/cpu/avx512_intrinsics.h"
#include "kernels/float16.h"

namespace headrace::kernels::HEADRACE_AVX512 {

size_t activation_bytes_bf16(ActivationFormat format, uint32_t inputs) {
  if (format != ActivationFormat::BFloat16) return activation_bytes(format, inputs);
  return (size_t{inputs} * 2 + 63) / 64 * 64;
}

void quantize_bf16(ActivationFormat format, uint32_t inputs, const float* row, uint32_t first, uint32_t count,
                   std::byte* row_bytes) {
  if (format != ActivationFormat::BFloat16) return quantize(format, inputs, row, first, count, row_bytes);
  const uint32_t last = first + count;
  auto* rounded = reinterpret_cast<uint16_t*>(row_bytes);
  uint32_t at = first;
  for (; at + 16 <= last; at += 16)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rounded + at), (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(row + at)));
  for (; at < last; ++at) rounded[at] = float_to_bfloat16(row[at]);
  if (last == inputs) std::memset(rounded + at, 0, activation_bytes_bf16(format, inputs) - size_t{inputs} * 2);
}

}  // namespace headrace::kernels::HEADRACE_AVX512
