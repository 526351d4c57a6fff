#include "frame/csv/field_kernels.h"

#include <vector>

#include "base/cpu_features.h"

namespace headrace::frame::csv {

std::span<const FieldKernels* const> all_field_kernels() {
  static const std::vector<const FieldKernels*> usable = [] {
    std::vector<const FieldKernels*> list{&fields_portable::kKernels};
#if defined(__x86_64__)
    if (cpu_features().avx2) list.push_back(&fields_avx2::kKernels);
    if (cpu_features().avx512) list.push_back(&fields_avx512::kKernels);
#endif
    return list;
  }();
  return usable;
}

const FieldKernels& field_kernels() { return *all_field_kernels().back(); }

}  // namespace headrace::frame::csv
