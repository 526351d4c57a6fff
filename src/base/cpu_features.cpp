#include "base/cpu_features.h"

#include <cpuid.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>

namespace headrace {
namespace {

struct CpuidLeaf {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuidLeaf cpuid(uint32_t leaf, uint32_t subleaf) {
  CpuidLeaf out;
  if (!__get_cpuid_count(leaf, subleaf, &out.eax, &out.ebx, &out.ecx, &out.edx)) return {};
  return out;
}

/// Which register files the operating system saves on a context switch (XCR0).
uint64_t saved_state() {
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

constexpr bool bit(uint32_t word, int index) { return (word >> index) & 1u; }

/// Linux hands AMX tile registers out on request only.
bool ask_for_amx() {
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

std::string read_model_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

CpuFeatures detect() {
  CpuFeatures features;
  features.model_name = read_model_name();
  const CpuidLeaf one = cpuid(1, 0);
  if (!bit(one.ecx, 27)) return features;  // no OSXSAVE: no AVX state
  const uint64_t saved = saved_state();
  const bool saves_ymm = (saved & 0x6) == 0x6;
  const bool saves_zmm = (saved & 0xe6) == 0xe6;
  const bool saves_tiles = (saved & 0x60000) == 0x60000;
  const CpuidLeaf seven = cpuid(7, 0);
  const CpuidLeaf seven_one = cpuid(7, 1);
  features.avx2 = saves_ymm && bit(one.ecx, 12) && bit(one.ecx, 28) && bit(one.ecx, 29) && bit(seven.ebx, 5) &&
                  bit(seven.ebx, 8);
  features.avx_vnni = features.avx2 && bit(seven_one.eax, 4);
  features.avx512 = features.avx2 && saves_zmm && bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 28) &&
                    bit(seven.ebx, 30) && bit(seven.ebx, 31);
  features.avx512_vnni = features.avx512 && bit(seven.ecx, 11);
  features.avx512_vbmi = features.avx512 && bit(seven.ecx, 1);
  features.avx512_bf16 = features.avx512 && bit(seven_one.eax, 5);
  const bool has_tiles = saves_tiles && bit(seven.edx, 24) && (bit(seven.edx, 25) || bit(seven.edx, 22));
  if (features.avx512 && has_tiles && ask_for_amx()) {
    features.amx_int8 = bit(seven.edx, 25);
    features.amx_bf16 = bit(seven.edx, 22);
  }
  return features;
}

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

/// CPUs' worth of time that the cgroup grants (version 2, then 1), or a large number.
int cgroup_cpus() {
  constexpr int kNoLimit = 1 << 20;
  if (std::ifstream file("/sys/fs/cgroup/cpu.max"); file) {
    std::string quota;
    long period = 0;
    file >> quota >> period;
    if (quota.empty() || quota == "max" || period <= 0) return kNoLimit;
    return static_cast<int>(std::max(1L, (std::atol(quota.c_str()) + period - 1) / period));
  }
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  long quota = -1, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0) return kNoLimit;
  return static_cast<int>(std::max(1L, (quota + period - 1) / period));
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

int usable_cpus() { return std::min(affinity_cpus(), cgroup_cpus()); }

}  // namespace headrace
