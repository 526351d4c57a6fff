#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/kernel_table.h"

namespace headrace::cli {

/// What `headrace bench --kernels` measures.
struct KernelBenchOptions {
  int threads = 0;
  std::optional<kernels::Isa> isa;             ///< unset: every tier that this CPU runs, but the specification
  bool fast = false;                           ///< see kernels::kernel_table
  std::vector<uint32_t> rows{1, 4, 16, 64, 256};
  std::vector<kernels::WeightType> types;      ///< in place of the model's matrices: these, 2048 → 2048
  bool quiet = false;
};

/// One kernel on one shape, by all threads together. Weights, keys and values come from memory, as in a model.
struct KernelFigure {
  std::string kernel;      ///< "matmul", "attention decode", "attention prefill", "quantise", "norm"
  std::string tier;
  std::string type;        ///< of the weights, keys and values, or activations
  std::string shape;       ///< "576 → 1536"
  uint32_t rows = 1;
  double seconds = 0;      ///< of one call over the whole shape
  double operations = 0;   ///< multiplications and additions; 0 where bytes alone count
  double bytes = 0;        ///< of weights, keys and values or rows that it reads
  double roof_seconds = 0; ///< the least that the probed roofs allow; 0: not known
  std::string bound;       ///< the roof that allows no less: "memory", "products", "cache"

  double share() const { return seconds > 0 ? roof_seconds / seconds : 0; }
};

/// What the machine can do, probed in the same run with as many threads.
struct MachineRoofs {
  double memory_bytes_per_s = 0;
  double cache_bytes_per_s = 0;  ///< each thread its own 256 KB
};

struct KernelReport {
  std::string model;
  int threads = 0;
  MachineRoofs roofs;
  std::vector<KernelFigure> figures;
};

/// Measures the shapes of the model at `path`, of which only the header is read. Cancelled if interrupted.
Result<KernelReport> bench_kernels(const std::filesystem::path& path, const KernelBenchOptions& options);

void print_kernel_table(const KernelReport& report);
void print_kernel_json(const KernelReport& report);

}  // namespace headrace::cli
