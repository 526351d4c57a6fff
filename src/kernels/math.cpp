#include "kernels/math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/cpu/vector_math.h"

namespace headrace::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kLog2EDouble = 0x1.71547652b82fep+0;
constexpr double kLn2HeadDouble = 0x1.62e42fefa39efp-1;
constexpr double kLn2TailDouble = 0x1.abc9e3b39803fp-56;

/// 2^n for −1022 ≤ n ≤ 1023.
double power_of_two(int n) { return std::bit_cast<double>(static_cast<uint64_t>(n + 1023) << 52); }

/// x = n ln 2 + r with |r| ≤ ln 2 / 2, and e^r − 1 = r + r² E(r) with what its last sum lost.
struct ReducedExp {
  int n;
  double less_one;
  double less_one_error;
};

// E: interpolation at the Chebyshev nodes of ±ln 2 / 2, by tools/fit_elementary_functions.py.
ReducedExp reduce_exp(double x) {
  const double n = std::rint(x * kLog2EDouble);
  double r = std::fma(-n, kLn2HeadDouble, x);
  const double tail = n * kLn2TailDouble;
  const double head = r;
  r = head - tail;
  const double r_error = (head - r) - tail;
  double e = 0x1.1f730349868cep-29;
  e = std::fma(e, r, 0x1.af4de97ca4194p-26);
  e = std::fma(e, r, 0x1.27e4db646b17ep-22);
  e = std::fma(e, r, 0x1.71de0231960ebp-19);
  e = std::fma(e, r, 0x1.a01a01a6d889cp-16);
  e = std::fma(e, r, 0x1.a01a01abe7fe1p-13);
  e = std::fma(e, r, 0x1.6c16c16c162d4p-10);
  e = std::fma(e, r, 0x1.11111111100dcp-7);
  e = std::fma(e, r, 0x1.5555555555556p-5);
  e = std::fma(e, r, 0x1.5555555555557p-3);
  e = std::fma(e, r, 0x1.0000000000000p-1);
  const double rest = std::fma(r * r, e, r_error);
  const double less_one = r + rest;
  return {static_cast<int>(n), less_one, (r - less_one) + rest};
}

/// 2 atanh(s) = 2 s + s³ L(s²) for s = (m − 1) / (m + 1), √½ ≤ m ≤ √2; L fitted as E is.
double log_series(double z) {
  double l = 0x1.0c04595972ab8p-3;
  l = std::fma(l, z, 0x1.0fbe83c2cbcf3p-3);
  l = std::fma(l, z, 0x1.3b1c360763b8ap-3);
  l = std::fma(l, z, 0x1.745cf901605f7p-3);
  l = std::fma(l, z, 0x1.c71c720160b47p-3);
  l = std::fma(l, z, 0x1.2492492476c87p-2);
  l = std::fma(l, z, 0x1.9999999999a38p-2);
  return std::fma(l, z, 0x1.5555555555555p-1);
}

/// An angle less a whole number of quarter turns: head + tail within ±π/4 (and a little).
struct ReducedAngle {
  int64_t quarter;
  double head;
  double tail;
};

// π/2 in three parts. quarter has at most 31 bits, so that quarter · (first part) − x has few
// enough bits to be exact; the second product is split exactly, the third is below every doubt.
ReducedAngle reduce_angle(double x) {
  const double quarter = std::rint(x * 0x1.45f306dc9c883p-1);
  const double first = std::fma(-quarter, 0x1.921fb54442d18p+0, x);
  const double second = quarter * 0x1.1a62633145c07p-54;
  const double second_error = std::fma(quarter, 0x1.1a62633145c07p-54, -second);
  const double head = first - second;
  const double back = head - first;
  const double head_error = (first - (head - back)) - (second + back);
  const double rest = std::fma(quarter, -0x1.f1976b7ed8fbcp-110, second_error);
  return {static_cast<int64_t>(quarter), head, head_error - rest};
}

/// sin(r + tail) = r + r³ S(r²) + tail cos r.
double sine_near_zero(double r, double tail) {
  const double z = r * r;
  double s = -0x1.ab17a79237a19p-41;
  s = std::fma(s, z, 0x1.61217ec01749dp-33);
  s = std::fma(s, z, -0x1.ae64541266378p-26);
  s = std::fma(s, z, 0x1.71de3a54605eep-19);
  s = std::fma(s, z, -0x1.a01a01a019936p-13);
  s = std::fma(s, z, 0x1.1111111111110p-7);
  s = std::fma(s, z, -0x1.5555555555555p-3);
  return r + std::fma(r * z, s, std::fma(-0.5 * z, tail, tail));
}

/// cos(r + tail) = 1 − r²/2 + r⁴ C(r²) − r tail.
double cosine_near_zero(double r, double tail) {
  const double z = r * r;
  double c = 0x1.ab783376962cfp-45;
  c = std::fma(c, z, -0x1.9394b9c9c20a4p-37);
  c = std::fma(c, z, 0x1.1eed8deb6d561p-29);
  c = std::fma(c, z, -0x1.27e4fb7712bdfp-22);
  c = std::fma(c, z, 0x1.a01a01a019d0ap-16);
  c = std::fma(c, z, -0x1.6c16c16c16c16p-10);
  c = std::fma(c, z, 0x1.5555555555555p-5);
  const double half = 0.5 * z;
  const double rough = 1.0 - half;
  const double rough_error = (1.0 - rough) - half;
  return rough + std::fma(z * z, c, std::fma(-r, tail, rough_error));
}

/// One float as the lanes of vector_math.h.
struct OneLane {
  float value;
  static OneLane all(float x) { return {x}; }
};

OneLane operator+(OneLane a, OneLane b) { return {a.value + b.value}; }
OneLane operator-(OneLane a, OneLane b) { return {a.value - b.value}; }
OneLane operator*(OneLane a, OneLane b) { return {a.value * b.value}; }
OneLane operator/(OneLane a, OneLane b) { return {a.value / b.value}; }
OneLane fma(OneLane a, OneLane b, OneLane c) { return {std::fma(a.value, b.value, c.value)}; }
OneLane fnma(OneLane a, OneLane b, OneLane c) { return {std::fma(-a.value, b.value, c.value)}; }
bool greater(OneLane a, OneLane b) { return a.value > b.value; }
bool not_at_most(OneLane a, OneLane b) { return !(a.value <= b.value); }
OneLane choose(bool mask, OneLane a, OneLane b) { return mask ? a : b; }
OneLane absolute(OneLane a) { return {std::fabs(a.value)}; }
OneLane copy_sign(OneLane magnitude, OneLane sign) { return {std::copysign(magnitude.value, sign.value)}; }
OneLane times_power(OneLane v, OneLane t) {
  return {std::bit_cast<float>(std::bit_cast<uint32_t>(v.value) + (std::bit_cast<uint32_t>(t.value) << 23))};
}

}  // namespace

double exact_exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 0x1.62e42fefa39efp+9) return kInfinity;
  if (x < -746.0) return 0.0;
  const ReducedExp reduced = reduce_exp(x);
  // Two factors: n may be as low as −1076 and as high as 1024. Only the last product can round.
  const int half = reduced.n / 2;
  return (1.0 + reduced.less_one) * power_of_two(half) * power_of_two(reduced.n - half);
}

double exact_log(double x) {
  if (std::isnan(x) || x < 0) return kNaN;
  if (x == 0) return -kInfinity;
  if (x == kInfinity) return x;
  int exponent = 0;
  if (x < std::numeric_limits<double>::min()) {
    x *= 0x1p54;
    exponent = -54;
  }
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0xfffffffffffffull) | 0x3ff0000000000000ull);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    ++exponent;
  }
  const double f = m - 1.0;
  const double d = m + 1.0;
  const double d_error = (m - d) + 1.0;
  const double s = f / d;
  const double s_error = std::fma(-s, d_error, std::fma(-s, d, f)) / d;
  const double z = s * s;
  const double small = std::fma(s * z, log_series(z), 2.0 * s_error);
  // The head of ln 2 has 41 bits, so that its product with an exponent is exact.
  const double large = exponent * 0x1.62e42fefa4000p-1;
  const double sum = large + 2.0 * s;
  const double sum_error = exponent == 0 ? 0.0 : (large - sum) + 2.0 * s;
  return sum + (sum_error + std::fma(exponent, -0x1.8432a1b0e2634p-43, small));
}

double exact_pow(double base, double exponent) { return exact_exp(exponent * exact_log(base)); }

void exact_sincos(double x, double* sine, double* cosine) {
  if (!(std::fabs(x) <= 0x1p31)) {
    *sine = *cosine = kNaN;
    return;
  }
  const ReducedAngle angle = reduce_angle(x);
  const double s = sine_near_zero(angle.head, angle.tail);
  const double c = cosine_near_zero(angle.head, angle.tail);
  const bool swap = angle.quarter & 1;
  *sine = angle.quarter & 2 ? -(swap ? c : s) : (swap ? c : s);
  *cosine = (angle.quarter + 1) & 2 ? -(swap ? s : c) : (swap ? s : c);
}

double exact_tanh(double x) {
  if (std::isnan(x)) return x;
  const double a = std::fabs(x);
  if (a > 20.0) return std::copysign(1.0, x);
  // (e^2a − 1) / (e^2a + 1), with e^2a − 1 = 2^n (e^r − 1) + (2^n − 1); the roundings of the sums
  // and of the quotient come back in one correction.
  const ReducedExp reduced = reduce_exp(2.0 * a);
  const double power = power_of_two(reduced.n);
  const double scaled = power * reduced.less_one;
  const double above = (power - 1.0) + scaled;
  const double above_error = std::fma(power, reduced.less_one_error, ((power - 1.0) - above) + scaled);
  const double below = above + 2.0;
  const double below_error = (above - below) + 2.0 + above_error;
  const double quotient = above / below;
  const double remainder = std::fma(-quotient, below, above) + std::fma(-quotient, below_error, above_error);
  return std::copysign(quotient + remainder / below, x);
}

float exact_expf(float x) { return exp_lanes(OneLane{x}).value; }
float exact_tanhf(float x) { return tanh_lanes(OneLane{x}).value; }
float exact_siluf(float x) { return silu_lanes(OneLane{x}).value; }
float exact_geluf(float x) { return gelu_lanes(OneLane{x}).value; }

}  // namespace headrace::kernels
