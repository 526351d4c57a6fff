#pragma once

#include <cstddef>
#include <span>

#include "text/bpe/merge.h"
#include "text/bpe/pair_table.h"

namespace headrace::text {

/// The loops of PairMerger that an instruction set makes fast; a table for each.
struct MergeKernels {
  const char* name;
  /// Joins the symbols of each piece, lowest rank first, then leftmost, in a table whose ranks are below 2^24.
  void (*merge_each)(const PairTable::View& table, ShortPiece* pieces, size_t count);
};

/// Those of the best instruction set that this CPU has and the environment's HEADRACE_ISA allows.
const MergeKernels& merge_kernels();
/// All that this CPU can run, the portable ones first.
std::span<const MergeKernels* const> all_merge_kernels();

namespace merge_portable { extern const MergeKernels kKernels; }
namespace merge_avx2 { extern const MergeKernels kKernels; }

}  // namespace headrace::text
