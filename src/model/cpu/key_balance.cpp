#include "model/cpu/key_balance.h"

#include <algorithm>
#include <cmath>

#include "kernels/math.h"

namespace headrace::model {
namespace {

constexpr double kMostDoublings = 8;
constexpr double kLn2 = 0.6931471805599453;

double square(double value) { return value * value; }

/// The power of two next to (key / query)^¼, where both are squares of weights.
float factor_of(double query, double key) {
  if (!(query > 0) || !(key > 0) || !std::isfinite(query) || !std::isfinite(key)) return 1;
  const double doublings = std::rint(kernels::exact_log(key / query) / (4 * kLn2));
  return std::ldexp(1.0f, static_cast<int>(std::clamp(doublings, -kMostDoublings, kMostDoublings)));
}

}  // namespace

void balance_keys(std::span<float> query_norm, std::span<float> key_norm, kernels::RopePairing pairing) {
  const size_t pairs = key_norm.size() / 2;
  for (size_t i = 0; i < pairs; ++i) {
    const bool halves = pairing == kernels::RopePairing::Halves;
    const size_t first = halves ? i : 2 * i;
    const size_t second = halves ? i + pairs : 2 * i + 1;
    const float factor = factor_of(square(query_norm[first]) + square(query_norm[second]),
                                   square(key_norm[first]) + square(key_norm[second]));
    for (const size_t d : {first, second}) {
      query_norm[d] *= factor;
      key_norm[d] /= factor;
    }
  }
}

}  // namespace headrace::model
