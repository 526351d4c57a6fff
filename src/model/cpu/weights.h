#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/buffer.h"
#include "base/thread_team.h"
#include "model/plan.h"

namespace headrace::model {

/// A plan's matrices and vectors in memory, packed for one tier: the only copy.
struct Weights {
  Buffer memory;
  std::vector<kernels::PackedWeight> matrices;  ///< by MatrixIndex
  std::vector<const float*> vectors;            ///< by VectorIndex
};

struct WeightsOptions {
  std::shared_ptr<MemoryBudget> budget;
  std::function<void(uint64_t, uint64_t)> progress;  ///< called from the calling thread
};

/// Reads the tensors with the whole team, a few hundred kilobytes at a time, straight into
/// packed tiles; matrices whose type in the plan is not the file's are quantised on the way, so
/// that no float copy of them ever exists.
Result<Weights> load_weights(const Gguf& file, const Plan& plan, const kernels::KernelTable& kernels, ThreadTeam& team,
                             const WeightsOptions& options);

}  // namespace headrace::model
