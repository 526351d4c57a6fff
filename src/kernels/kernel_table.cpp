#include "kernels/kernel_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

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
    {"BF16", 1, 2, ActivationFormat::BFloat16},
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

constexpr size_t kAlignment = 64;

std::byte* aligned(std::vector<std::byte>& memory, size_t bytes) {
  memory.assign(bytes + kAlignment, std::byte{});
  void* at = memory.data();
  size_t room = memory.size();
  return static_cast<std::byte*>(std::align(kAlignment, bytes, at, room));
}

/// A small product of a tier, with more rows and outputs than its tiles are high and wide.
std::vector<uint32_t> products_of(const KernelTable& tier, WeightType type) {
  constexpr uint32_t kInputs = 512, kOutputs = 40, kRows = 19;
  const ActivationFormat format = info(type).activation;
  uint32_t state = 1;
  const auto random = [&] { return state = state * 1664525u + 1013904223u; };
  std::vector<std::byte> file(file_row_bytes(type, kInputs) * kOutputs);
  for (size_t i = 0; i + 2 <= file.size(); i += 2) {  // every two bytes make a small number
    const auto half = static_cast<uint16_t>((random() >> 16 & 0x8fff) | 0x2000);
    std::memcpy(file.data() + i, &half, 2);
  }
  std::vector<std::byte> packed_memory, rows_memory;
  std::byte* packed = aligned(packed_memory, tier.packed_bytes(type, kOutputs, kInputs));
  tier.pack(type, kOutputs, kInputs, 0, kOutputs, file.data(), packed);
  const size_t stride = tier.activation_bytes(format, kInputs);
  std::byte* rows = aligned(rows_memory, stride * kRows);
  for (uint32_t r = 0; r < kRows; ++r) {
    float values[kInputs];
    for (float& value : values) value = static_cast<float>(static_cast<int32_t>(random())) * 0x1p-31f;
    tier.quantize(format, kInputs, values, 0, kInputs, rows + r * stride);
  }
  std::vector<float> out(kRows * kOutputs);
  MatmulArgs args;
  args.weight = {type, kOutputs, kInputs, packed};
  args.activations = rows;
  args.activation_stride = stride;
  args.rows = kRows;
  args.out = out.data();
  args.out_stride = kOutputs;
  args.last_output = kOutputs;
  tier.matmul(args);
  std::vector<uint32_t> bits(out.size());
  std::memcpy(bits.data(), out.data(), out.size() * sizeof(float));
  return bits;
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
    case Isa::Amx: {
      static const bool works = cpu.avx2 && cpu.avx512_vnni && cpu.amx_int8 && same_products(amx::kTable, avx512::kVnniTable);
      return works;
    }
  }
  return false;
}

bool same_products(const KernelTable& one, const KernelTable& other) {
  constexpr std::array kTypes = {WeightType::Q4_0, WeightType::Q4_1, WeightType::Q8_0, WeightType::Q4_K, WeightType::Q6_K};
  return std::ranges::all_of(kTypes, [&](WeightType type) { return same_products(one, other, type); });
}

bool same_products(const KernelTable& one, const KernelTable& other, WeightType type) {
  return products_of(one, type) == products_of(other, type);
}

bool close_products(const KernelTable& one, const KernelTable& other, WeightType type) {
  constexpr float kTolerance = 0x1p-16f;  // of the largest sum; those of 512 products differ by less than 2^-20
  const std::vector<uint32_t> left = products_of(one, type), right = products_of(other, type);
  float largest = 0;
  for (const uint32_t bits : right) largest = std::max(largest, std::abs(std::bit_cast<float>(bits)));
  return std::ranges::equal(left, right, [&](uint32_t a, uint32_t b) {
    return std::abs(std::bit_cast<float>(a) - std::bit_cast<float>(b)) <= largest * kTolerance;
  });
}

const char* name(KvFormat format) { return format == KvFormat::Int8 ? "int8" : "f16"; }

Result<KvFormat> parse_kv_format(std::string_view text) {
  for (const KvFormat format : {KvFormat::Float16, KvFormat::Int8})
    if (text == name(format)) return format;
  return fail(ErrorKind::InvalidArgument,
              "keys and values cannot be kept as \"" + std::string(text) + "\"; choose int8 or f16");
}

Result<const KernelTable*> kernel_table(Isa isa, bool fast) {
  const CpuFeatures& cpu = cpu_features();
  if (!can_run(isa)) return lacking(isa);
  switch (isa) {
    case Isa::Portable: return cpu.avx2 ? &portable_v3::kTable : &portable::kTable;
    case Isa::Avx2: return &avx2::kTable;
    case Isa::Avx2Vnni: return &avx2_vnni::kTable;
    case Isa::Avx512: {
      // Asked of the CPU: Zen 4 and Emerald Rapids sum alike, others have not been tried.
      static const bool bf16 = cpu.avx512_vnni && cpu.avx512_bf16 && same_products(avx512::kBf16Table, avx512::kVnniTable, WeightType::BF16);
      if (bf16) return &avx512::kBf16Table;
      return cpu.avx512_vnni ? &avx512::kVnniTable : &avx512::kTable;
    }
    case Isa::Amx: {
      if (!fast) return &amx::kTable;
      static const bool bf16 = cpu.avx512_bf16 && cpu.amx_bf16 && close_products(amx::kBf16Table, avx512::kBf16Table, WeightType::BF16);
      return bf16 ? &amx::kBf16Table : &amx::kTable;
    }
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
