#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace headrace::frame {

/// The value of an IEEE binary16.
inline float from_half(uint16_t bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float sign = bits >> 15 ? -1.0f : 1.0f;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  return sign * (exponent ? std::ldexp(static_cast<float>(fraction | 1024), exponent - 25) : std::ldexp(static_cast<float>(fraction), -24));
}

/// The nearest binary16, ties to even; infinite beyond the greatest.
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
