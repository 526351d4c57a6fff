#include "text/bpe/merge_kernels.h"

#include <vector>

#include "base/cpu_features.h"
#include "text/bulk/widest_kernels.h"

namespace headrace::text {

std::span<const MergeKernels* const> all_merge_kernels() {
  static const std::vector<const MergeKernels*> usable = [] {
    std::vector<const MergeKernels*> list{&merge_portable::kKernels};
#if defined(__x86_64__)
    if (cpu_features().avx2) list.push_back(&merge_avx2::kKernels);
#endif
    return list;
  }();
  return usable;
}

const MergeKernels& merge_kernels() {
  static const MergeKernels& best = widest_kernels(all_merge_kernels());
  return best;
}

}  // namespace headrace::text
