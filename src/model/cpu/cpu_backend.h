#pragma once

#include <memory>

#include "base/thread_team.h"
#include "model/cpu/weights.h"
#include "model/plan.h"
#include "model/step.h"

namespace headrace::model {

/// What a CPU backend is made of; it takes all of it over.
struct CpuBackendParts {
  Plan plan;
  Weights weights;
  const kernels::KernelTable* kernels = nullptr;
  std::unique_ptr<ThreadTeam> team;
  std::shared_ptr<MemoryBudget> budget;
};

/// A backend that runs steps on a thread team of this process, on the thread that waits
/// for the result and the team's other members.
std::unique_ptr<Backend> make_cpu_backend(CpuBackendParts parts);

}  // namespace headrace::model
