#include <algorithm>

#include "text/bpe/merge_kernels.h"
#include "text/bpe/merge_lanes.h"

namespace headrace::text::merge_portable {
namespace {

struct Portable {
  static uint32_t least(const uint32_t* order, uint32_t blocks) {
    uint32_t even = order[0], odd = order[1];
    for (uint32_t i = 2; i < blocks * 16; i += 2) {
      even = std::min(even, order[i]);
      odd = std::min(odd, order[i + 1]);
    }
    return std::min(even, odd);
  }
  static unsigned matches(const PairTable::Line& line, uint64_t key) {
    unsigned found = 0;
    for (int i = 0; i < PairTable::kWays; ++i) found |= static_cast<unsigned>(line.keys[i] == key) << i;
    return found;
  }
};

}  // namespace

const MergeKernels kKernels{"portable", merge_in_lanes<Portable>};

}  // namespace headrace::text::merge_portable
