#include "tiers.h"

#include "base/cpu_features.h"
#include "kernels/cpu/avx2.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels {

const KernelTable& oracle() { return **kernel_table(Isa::Portable); }

const std::vector<Tier>& tiers() {
  static const std::vector<Tier> all = [] {
    const CpuFeatures& cpu = cpu_features();
    std::vector<Tier> list;
    if (&oracle() != &portable::kTable) list.push_back({"portable for any x86-64", &portable::kTable, false});
    if (cpu.avx2) list.push_back({"avx2", &avx2::kTable, false});
    return list;
  }();
  return all;
}

}  // namespace headrace::kernels
