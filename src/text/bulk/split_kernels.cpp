#include "text/bulk/split_kernels.h"

#include <vector>

#include "base/cpu_features.h"
#include "text/bulk/widest_kernels.h"

namespace headrace::text {

std::span<const SplitKernels* const> all_split_kernels() {
  static const std::vector<const SplitKernels*> usable = [] {
    std::vector<const SplitKernels*> list{&split_portable::kKernels};
#if defined(__x86_64__)
    if (cpu_features().avx2) list.push_back(&split_avx2::kKernels);
    if (cpu_features().avx512_vbmi) list.push_back(&split_avx512::kKernels);
#endif
    return list;
  }();
  return usable;
}

const SplitKernels& split_kernels() {
  static const SplitKernels& best = widest_kernels(all_split_kernels());
  return best;
}

}  // namespace headrace::text
