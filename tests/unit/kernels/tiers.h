#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_table.h"

namespace headrace::kernels {

struct Tier {
  std::string name;
  const KernelTable* table;
  bool emulated;  ///< compiled through an emulation of the intrinsics, because this CPU lacks them
  bool own_bfloats = false;  ///< adds the products of BF16 weights in an order of its own (AMX-BF16)
};

/// The portable table of this CPU: the oracle of every other.
const KernelTable& oracle();

/// Every tier that can run here, natively or emulated, the oracle left out.
const std::vector<Tier>& tiers();

}  // namespace headrace::kernels
