#include "kernels/cpu/avx512.h"

namespace headrace::kernels::HEADRACE_AVX512 {
namespace {

consteval KernelTable table_with_bf16() {
  KernelTable table = vnni_table_of_tier("avx512", matmul_bf16, probe_products_bf16);
  table.activation_bytes = activation_bytes_bf16;
  table.quantize = quantize_bf16;
  return table;
}

}  // namespace

constinit const KernelTable kBf16Table = table_with_bf16();

}  // namespace headrace::kernels::HEADRACE_AVX512
