#include "tiers.h"

#include "base/cpu_features.h"
#include "kernels/cpu/amx.h"
#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx2_vnni.h"
#include "kernels/cpu/avx512.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels {
namespace avx2_vnni_emulated {
extern const KernelTable kTable;
}
namespace avx512_emulated {
extern const KernelTable kTable;
extern const KernelTable kVnniTable;
extern const KernelTable kBf16Table;
}  // namespace avx512_emulated
namespace amx_emulated {
extern const KernelTable kTable;
extern const KernelTable kBf16Table;
}  // namespace amx_emulated
namespace amx_and_avx512_emulated {
extern const KernelTable kBf16Table;
}

const KernelTable& oracle() { return **kernel_table(Isa::Portable); }

const std::vector<Tier>& tiers() {
  static const std::vector<Tier> all = [] {
    const CpuFeatures& cpu = cpu_features();
    std::vector<Tier> list;
    if (&oracle() != &portable::kTable) list.push_back({"portable for any x86-64", &portable::kTable, false});
    if (cpu.avx2) list.push_back({"avx2", &avx2::kTable, false});
    if (cpu.avx_vnni) list.push_back({"avx2-vnni", &avx2_vnni::kTable, false});
    else if (cpu.avx2) list.push_back({"avx2-vnni", &avx2_vnni_emulated::kTable, true});
    if (cpu.avx512) list.push_back({"avx512", &avx512::kTable, false});
    else if (cpu.avx2) list.push_back({"avx512", &avx512_emulated::kTable, true});
    if (cpu.avx512_vnni) list.push_back({"avx512 with VNNI", &avx512::kVnniTable, false});
    else if (cpu.avx2) list.push_back({"avx512 with VNNI", &avx512_emulated::kVnniTable, true});
    if (cpu.avx512_vnni && cpu.avx512_bf16) list.push_back({"avx512 with BF16", &avx512::kBf16Table, false});
    else if (cpu.avx2) list.push_back({"avx512 with BF16", &avx512_emulated::kBf16Table, true});
    if (const auto found = kernel_table(Isa::Amx)) {
      list.push_back({"amx", *found, false});
      if (const auto fast = kernel_table(Isa::Amx, true); fast && *fast != *found) list.push_back({"amx, fast", *fast, false, true});
    } else if (cpu.avx512_vnni && cpu.avx512_bf16) list.push_back({"amx", &amx_emulated::kBf16Table, true, true});
    else if (cpu.avx512_vnni) list.push_back({"amx", &amx_emulated::kTable, true});
    if (cpu.avx2) list.push_back({"amx and avx512", &amx_and_avx512_emulated::kBf16Table, true, true});
    return list;
  }();
  return all;
}

}  // namespace headrace::kernels
