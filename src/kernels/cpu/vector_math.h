#pragma once

namespace headrace::kernels {

// The single-precision elementary functions, written once over a type V of lanes: Lanes16 of
// cpu/lanes.h in the tiers, one float in math.cpp. Every lane takes the same float operations in
// the same order, so the scalar function and the vector one agree to the bit.
//
// V offers V::all(float), + − × ÷, fma(a, b, c) = a·b + c and fnma(a, b, c) = c − a·b rounded once,
// absolute(v), copy_sign(magnitude, sign), greater(a, b) → mask (false on NaN),
// not_greater(a, b) → !(a > b), choose(mask, if_true, if_false) and times_power(v, t), below.
//
// Polynomials: interpolation at the Chebyshev nodes of the reduced interval, rounded to float by
// tools/fit_elementary_functions.py.

inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kLn2Head = 0x1.62e430p-1f;
inline constexpr float kLn2Tail = -0x1.05c610p-29f;
/// 1.5 · 2^23: adding it rounds to an integer and leaves that integer in the low bits.
inline constexpr float kRoundingShift = 0x1.8p+23f;
/// ln of the smallest normal float, rounded up, and of the largest float, rounded down.
inline constexpr float kExpLowest = -0x1.5d589ep+6f;
inline constexpr float kExpHighest = 0x1.62e42ep+6f;

/// e^x for kExpLowest ≤ x ≤ kExpHighest: x = n ln 2 + r, e^r = 1 + r + r² E(r), |r| ≤ ln 2 / 2.
/// n · head is exact in the fma and so is its difference to x, whose bits are few.
template <class V>
[[gnu::always_inline]] inline V exp_within(V x) {
  const V t = fma(x, V::all(kLog2E), V::all(kRoundingShift));
  const V n = t - V::all(kRoundingShift);
  V r = fnma(n, V::all(kLn2Head), x);
  r = fnma(n, V::all(kLn2Tail), r);
  V e = V::all(0x1.6d110ap-10f);
  e = fma(e, r, V::all(0x1.120b6ep-7f));
  e = fma(e, r, V::all(0x1.55551ap-5f));
  e = fma(e, r, V::all(0x1.5554dcp-3f));
  e = fma(e, r, V::all(0x1.0p-1f));
  const V q = fma(e, r * r, r);
  // times_power multiplies by 2^n, n from the low bits of t; the product is a normal number.
  return times_power(V::all(1.0f) + q, t);
}

/// e^x for x ≤ kExpHighest: 0 below kExpLowest; defined for −infinity, not for NaN.
template <class V>
[[gnu::always_inline]] inline V exp_at_most_highest(V x) {
  return choose(greater(V::all(kExpLowest), x), V::all(0.0f), exp_within(x));
}

/// e^x for any x: 0 below kExpLowest, infinity above kExpHighest, NaN for NaN.
template <class V>
[[gnu::always_inline]] inline V exp_lanes(V x) {
  const V past = x + V::all(__builtin_inff());  // infinity, or NaN
  return choose(not_at_most(x, V::all(kExpHighest)), past, exp_at_most_highest(x));
}

/// tanh x: below 0.625 x + x³ T(x²), above 1 − 2 / (e^2|x| + 1).
template <class V>
[[gnu::always_inline]] inline V tanh_lanes(V x) {
  const V a = absolute(x);
  const V z = a * a;
  V t = V::all(-0x1.8f69aap-8f);
  t = fma(t, z, V::all(0x1.57fe54p-6f));
  t = fma(t, z, V::all(-0x1.b924e2p-5f));
  t = fma(t, z, V::all(0x1.110e1ap-3f));
  t = fma(t, z, V::all(-0x1.555552p-2f));
  const V small = fma(a * z, t, a);
  const V large = V::all(1.0f) - V::all(2.0f) / (exp_lanes(a + a) + V::all(1.0f));
  return copy_sign(choose(greater(V::all(0.625f), a), small, large), x);
}

/// x / (1 + e^−x); −0 where e^−x overflows.
template <class V>
[[gnu::always_inline]] inline V silu_lanes(V x) {
  return x / (V::all(1.0f) + exp_lanes(V::all(0.0f) - x));
}

/// 0.5 x (1 + tanh u) = x / (1 + e^−2u), 2u = x (linear + cubic x²). The rounding errors of 2u are
/// carried along (error-free sum and products) so that e^−2u stays exact far from 0.
template <class V>
[[gnu::always_inline]] inline V gelu_lanes(V x) {
  const V linear = V::all(0x1.988454p+0f);
  const V cubic = V::all(0x1.2444f2p-4f);
  const V clamped = choose(greater(absolute(x), V::all(16.0f)), copy_sign(V::all(16.0f), x), x);
  const V z = clamped * clamped;
  const V z_error = fma(clamped, clamped, V::all(0.0f) - z);
  const V c = cubic * z;
  const V c_error = fma(cubic, z, V::all(0.0f) - c);
  const V w = linear + c;
  const V back = w - linear;
  const V w_error = (linear - (w - back)) + (c - back);
  V rest = fma(V::all(0x1.49b16ap-29f), z, V::all(-0x1.857936p-25f));
  rest = fma(cubic, z_error, rest);
  rest = rest + (c_error + w_error);
  const V s = clamped * w;
  const V s_error = fma(clamped, w, V::all(0.0f) - s);
  const V error = fma(clamped, rest, s_error);
  const V e = exp_lanes(V::all(0.0f) - s);
  const V corrected = choose(greater(V::all(__builtin_inff()), e), fnma(error, e, e), e);
  return x / (V::all(1.0f) + corrected);
}

}  // namespace headrace::kernels
