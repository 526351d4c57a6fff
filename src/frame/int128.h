#pragma once

namespace headrace::frame {

/// The whole numbers of decimals beyond 18 digits.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

/// Ten to an exponent of 0 to 38.
constexpr Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

}  // namespace headrace::frame
