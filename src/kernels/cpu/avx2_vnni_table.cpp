#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx2_vnni.h"

namespace headrace::kernels::HEADRACE_AVX2_VNNI {
namespace {

consteval KernelTable table_with_vnni() {
  KernelTable table = HEADRACE_AVX2::table_of_tier("avx2-vnni", 8, matmul, probe_products);
  table.attend = attend;
  table.attend_splits = attend_splits;
  return table;
}

}  // namespace

constinit const KernelTable kTable = table_with_vnni();

}  // namespace headrace::kernels::HEADRACE_AVX2_VNNI
