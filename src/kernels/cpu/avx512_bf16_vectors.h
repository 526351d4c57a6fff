#pragma once

#include "kernels/cpu/avx512_vectors.h"

namespace headrace::kernels {
namespace {

/// With vdpbf16ps: the products of two inputs go straight into the lane's sum; activations are pairs of bfloat16.
template <class V>
struct BfloatByPairs : V {
  static constexpr size_t kPairBytes = 4;
  using Weights = typename V::Ints;
  HEADRACE_ALWAYS Weights load_pair(const std::byte* at) { return V::load(at); }
  HEADRACE_ALWAYS typename V::Floats add_pair(typename V::Floats sum, Weights weights, const std::byte* values) {
    return _mm512_dpbf16_ps(sum, (__m512bh)weights, (__m512bh)V::all_words(values));
  }
  /// The instruction flushes whatever the CPU is told.
  [[gnu::always_inline]] static unsigned begin_flushing() { return 0; }
  [[gnu::always_inline]] static void end_flushing(unsigned /*before*/) {}
};

}  // namespace
}  // namespace headrace::kernels
