#include "kernels/cpu/amx.h"
#include "kernels/cpu/avx512.h"

namespace headrace::kernels::HEADRACE_AMX {

namespace {

consteval KernelTable table_with_bf16() {
  KernelTable table = HEADRACE_AVX512::vnni_table_of_tier("amx, fast", matmul_bf16, probe_products_bf16);
  table.activation_bytes = HEADRACE_AVX512::activation_bytes_bf16;
  table.quantize = HEADRACE_AVX512::quantize_bf16;
  return table;
}

}  // namespace

constinit const KernelTable kTable = HEADRACE_AVX512::vnni_table_of_tier("amx", matmul, probe_products);
constinit const KernelTable kBf16Table = table_with_bf16();

}  // namespace headrace::kernels::HEADRACE_AMX
