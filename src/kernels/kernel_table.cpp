#include "kernels/kernel_table.h"

#include <array>
#include <cstdlib>
#include <iterator>
#include <string>

#include "base/cpu_features.h"
#include "kernels/cpu/amx.h"
#include "kernels/cpu/avx2.h"
#include "kernels/cpu/avx2_vnni.h"
#include "kernels/cpu/avx512.h"
#include "kernels/portable/portable.h"

namespace headrace::kernels::portable_v3 {
extern const KernelTable kTable;
}

namespace headrace::kernels {
namespace {

constexpr std::array<WeightTypeInfo, kWeightTypeCount> kWeightTypes = {{
    {"F32", 1, 4, ActivationFormat::Float},
    {"F16", 1, 2, ActivationFormat::Float},
    {"BF16", 1, 2, ActivationFormat::Float},
    {"Q4_0", 32, 18, ActivationFormat::Int8x32},
    {"Q4_1", 32, 20, ActivationFormat::Int8x32},
    {"Q5_0", 32, 22, ActivationFormat::Int8x32},
    {"Q5_1", 32, 24, ActivationFormat::Int8x32},
    {"Q8_0", 32, 34, ActivationFormat::Int8x32},
    {"Q4_K", 256, 144, ActivationFormat::Int8x256},
    {"Q5_K", 256, 176, ActivationFormat::Int8x256},
    {"Q6_K", 256, 210, ActivationFormat::Int8x256},
    {"Q2_K", 256, 84, ActivationFormat::Int8x256},
    {"Q3_K", 256, 110, ActivationFormat::Int8x256},
    {"Q8_K", 256, 292, ActivationFormat::Int8x256},
    {"IQ4_NL", 32, 18, ActivationFormat::Int8x32},
    {"IQ4_XS", 256, 136, ActivationFormat::Int8x256},
    {"MXFP4", 32, 17, ActivationFormat::Int8x32},
    {"TQ1_0", 256, 54, ActivationFormat::Int8x256},
    {"TQ2_0", 256, 66, ActivationFormat::Int8x256},
}};

Isa best_isa() {
  for (auto isa = std::rbegin(kAllIsas); isa != std::rend(kAllIsas); ++isa)
    if (can_run(*isa)) return *isa;
  return Isa::Portable;
}

std::unexpected<Error> lacking(Isa isa) {
  return fail(ErrorKind::Unsupported, std::string("this machine cannot run the ") + name(isa) + " kernels; the best it has are " +
                                          name(best_isa()) + " (leave HEADRACE_ISA and --isa unset to use them)");
}

}  // namespace

const WeightTypeInfo& info(WeightType type) { return kWeightTypes[static_cast<size_t>(type)]; }

const char* name(Isa isa) {
  switch (isa) {
    case Isa::Portable: return "portable";
    case Isa::Avx2: return "avx2";
    case Isa::Avx2Vnni: return "avx2-vnni";
    case Isa::Avx512: return "avx512";
    case Isa::Amx: return "amx";
  }
  return "unknown";
}

bool can_run(Isa isa) {
  const CpuFeatures& cpu = cpu_features();
  switch (isa) {
    case Isa::Portable: return true;
    case Isa::Avx2: return cpu.avx2;
    case Isa::Avx2Vnni: return cpu.avx2 && cpu.avx_vnni;
    case Isa::Avx512: return cpu.avx2 && cpu.avx512;
    case Isa::Amx: return cpu.avx2 && cpu.avx512_vnni && cpu.amx_int8;
  }
  return false;
}

const char* name(KvFormat format) { return format == KvFormat::Int8 ? "int8" : "f16"; }

Result<KvFormat> parse_kv_format(std::string_view text) {
  for (const KvFormat format : {KvFormat::Float16, KvFormat::Int8})
    if (text == name(format)) return format;
  return fail(ErrorKind::InvalidArgument,
              "keys and values cannot be kept as \"" + std::string(text) + "\"; choose int8 or f16");
}

Result<const KernelTable*> kernel_table(Isa isa) {
  const CpuFeatures& cpu = cpu_features();
  if (!can_run(isa)) return lacking(isa);
  switch (isa) {
    case Isa::Portable: return cpu.avx2 ? &portable_v3::kTable : &portable::kTable;
    case Isa::Avx2: return &avx2::kTable;
    case Isa::Avx2Vnni: return &avx2_vnni::kTable;
    case Isa::Avx512: return cpu.avx512_vnni ? &avx512::kVnniTable : &avx512::kTable;
    case Isa::Amx: return &amx::kTable;
  }
  return lacking(isa);
}

Result<Isa> parse_isa(std::string_view text) {
  if (text == "auto") return default_isa();
  std::string names;
  for (const Isa isa : kAllIsas) {
    if (text == name(isa)) return isa;
    names += std::string(name(isa)) + ", ";
  }
  return fail(ErrorKind::InvalidArgument, "no kernels are called \"" + std::string(text) + "\"; choose " + names + "or auto");
}

Result<Isa> default_isa() {
  const char* wanted = std::getenv("HEADRACE_ISA");
  if (wanted == nullptr || *wanted == '\0' || std::string_view(wanted) == "auto") return best_isa();
  HR_TRY(const Isa isa, parse_isa(wanted));
  if (!can_run(isa)) return lacking(isa);
  return isa;
}

}  // namespace headrace::kernels
