#include "text/bulk/lookup_kernels.h"

#include <vector>

#include "base/cpu_features.h"
#include "text/bulk/widest_kernels.h"

namespace headrace::text {

std::span<const LookupKernels* const> all_lookup_kernels() {
  static const std::vector<const LookupKernels*> usable = [] {
    std::vector<const LookupKernels*> list{&lookup_portable::kKernels};
#if defined(__x86_64__)
    if (cpu_features().avx2) list.push_back(&lookup_avx2::kKernels);
#endif
    return list;
  }();
  return usable;
}

const LookupKernels& lookup_kernels() {
  static const LookupKernels& best = widest_kernels(all_lookup_kernels());
  return best;
}

}  // namespace headrace::text
