#pragma once

#include <vector>

#include "tiers.h"

namespace headrace::kernels {

/// The oracle, then tiers().
inline std::vector<Tier> all_tiers() {
  std::vector<Tier> all = tiers();
  all.insert(all.begin(), {"portable", &oracle(), false});
  return all;
}

}  // namespace headrace::kernels
