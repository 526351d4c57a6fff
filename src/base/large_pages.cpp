#include "base/large_pages.h"

#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace headrace {

void advise_large_pages(void* begin, size_t bytes) {
#if defined(__linux__)
  const auto from = (reinterpret_cast<uintptr_t>(begin) + kLargePage - 1) / kLargePage * kLargePage;
  const auto to = (reinterpret_cast<uintptr_t>(begin) + bytes) / kLargePage * kLargePage;
  if (from < to) (void)::madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
#else
  (void)begin;
  (void)bytes;
#endif
}

}  // namespace headrace
