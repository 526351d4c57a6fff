#pragma once

#include <string>
#include <vector>

#include "model/plan.h"

namespace headrace::model {

/// "Q4_1 ×210, F32 ×61, Q8_0 ×1": how often each name occurs, the most frequent first.
std::string type_counts(const std::vector<std::string>& names);

/// What a model's tensors are in memory: as the file has them, but for the matrices that the plan
/// gives another type.
struct KeptTensors {
  std::string types;       ///< type_counts of them
  uint64_t bytes = 0;      ///< in the file's layout of these types
};
KeptTensors kept_tensors(const Gguf& file, const Plan& plan);

}  // namespace headrace::model
