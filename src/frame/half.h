#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/float16.h"

namespace headrace::frame {

using kernels::half_to_float;

/// The nearest binary16, ties to even; infinite beyond the greatest. Not by way of a float, which would round twice.
inline uint16_t to_half(double value) {
  const unsigned sign = std::signbit(value) ? 0x8000 : 0;
  const double size = std::abs(value);
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7E00);
  if (size >= 65520) return static_cast<uint16_t>(sign | 0x7C00);
  if (size == 0) return static_cast<uint16_t>(sign);
  // A fraction that rounds up to the next power of two carries into the exponent, as it should.
  const int exponent = std::max(std::ilogb(size), -14);
  const auto fraction = static_cast<unsigned>(std::nearbyint(std::ldexp(size, 10 - exponent)));
  return static_cast<uint16_t>(sign | ((static_cast<unsigned>(exponent + 14) << 10) + fraction));
}

}  // namespace headrace::frame
