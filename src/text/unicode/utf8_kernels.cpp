#include "text/unicode/utf8_kernels.h"

#include <vector>

#include "base/cpu_features.h"
#include "text/bulk/widest_kernels.h"

namespace headrace::text {

/// Character by character is no slower without wide registers: no block is looked at first.
namespace utf8_portable {
const Utf8Kernels kKernels{"portable", [](const uint8_t*, size_t) -> size_t { return 0; }};
}

std::span<const Utf8Kernels* const> all_utf8_kernels() {
  static const std::vector<const Utf8Kernels*> usable = [] {
    std::vector<const Utf8Kernels*> list{&utf8_portable::kKernels};
#if defined(__x86_64__)
    if (cpu_features().avx2) list.push_back(&utf8_avx2::kKernels);
#endif
    return list;
  }();
  return usable;
}

const Utf8Kernels& utf8_kernels() {
  static const Utf8Kernels& best = widest_kernels(all_utf8_kernels());
  return best;
}

}  // namespace headrace::text
