#pragma once

#include <string>

namespace headrace {

/// What this CPU and operating system let a process execute.
struct CpuFeatures {
  bool avx2 = false;         ///< AVX2, FMA, F16C and BMI2 together (x86-64-v3)
  bool avx_vnni = false;     ///< 256-bit vpdpbusd without AVX-512
  bool avx512 = false;       ///< F, BW, DQ, VL and CD together (x86-64-v4)
  bool avx512_vnni = false;  ///< 512-bit vpdpbusd
  bool avx512_bf16 = false;  ///< vdpbf16ps
  bool avx512_vbmi = false;  ///< byte permutations across a register
  bool amx_int8 = false;     ///< AMX int8 tiles, permission granted by the kernel
  bool amx_bf16 = false;     ///< AMX bf16 tiles, permission granted by the kernel
  std::string model_name;    ///< as /proc/cpuinfo says it
};

/// Detected once, on first use. Asks the kernel for AMX where the CPU has it.
const CpuFeatures& cpu_features();

/// How many threads this process should use: the smallest of the CPUs in its
/// affinity mask and its cgroup's quota (rounded up), at least 1.
int usable_cpus();

}  // namespace headrace
