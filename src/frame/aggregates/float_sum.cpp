#include "frame/aggregates/float_sum.h"

#include <algorithm>
#include <cmath>

#include "base/cpu_features.h"

namespace headrace::frame {
namespace {

constexpr int kLeastExponent = -1074;

int bits_in(UInt128 value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  return high != 0 ? 128 - std::countl_zero(high) : 64 - std::countl_zero(static_cast<uint64_t>(value));
}

/// The nearest float, ties to even, of a whole number, of a bit more if `has_more`, times two to the power of `bit` - 1074.
double nearest(bool is_negative, UInt128 magnitude, int bit, bool has_more) {
  if (const int extra = bits_in(magnitude) - 53; extra > 0) {
    const UInt128 unit = UInt128{1} << extra, below = magnitude & (unit - 1), half = unit >> 1;
    magnitude >>= extra;
    if (below > half || (below == half && (has_more || (magnitude & 1)))) ++magnitude;
    bit += extra;
  }
  const double size = std::ldexp(static_cast<double>(static_cast<uint64_t>(magnitude)), bit + kLeastExponent);
  return is_negative ? -size : size;
}

// Sums of many values at once. Added to and taken from a power of two that is far greater, a value is cut to the bits above that power's
// last; what is so cut
// of 2^13 values adds up without rounding, in any order. What is left of each is cut again; is then anything left, they are added one by
// one.

constexpr size_t kAtOnce = size_t{1} << 13;
constexpr size_t kLanes = 8;
constexpr int kCutBits = 15;
using Lanes = std::array<double, kLanes>;

struct Cut {
  double upper = 0, lower = 0;  ///< exact sums of the two cuts
  bool has_more = false;
};

/// PERF: lanes are independent, so that compilers make whole registers of them.
[[gnu::always_inline]] inline double greatest_in(std::span<const double> values) {
  std::array<uint64_t, kLanes> greatest{};
  for (size_t row = 0; row < values.size(); row += kLanes) {
    for (size_t i = 0; i < kLanes; ++i) greatest[i] = std::max(greatest[i], std::bit_cast<uint64_t>(values[row + i]) << 1);
  }
  return std::bit_cast<double>(std::ranges::max(greatest) >> 1);
}

[[gnu::always_inline]] inline Cut cut_at(std::span<const double> values, double far, double near) {
  Lanes upper{}, lower{}, more{};
  for (size_t row = 0; row < values.size(); row += kLanes) {
    for (size_t i = 0; i < kLanes; ++i) {
      const double first = (values[row + i] + far) - far, rest = values[row + i] - first;
      const double second = (rest + near) - near, left = rest - second;
      upper[i] += first;
      lower[i] += second;
      more[i] += std::abs(left);
    }
  }
  Cut cut;
  for (size_t i = 0; i < kLanes; ++i) {
    cut.upper += upper[i];
    cut.lower += lower[i];
    cut.has_more = cut.has_more || more[i] != 0;
  }
  return cut;
}

/// Of a number of values that lanes divide. The same at any width of registers.
[[gnu::always_inline]] inline Cut cut_of(std::span<const double> values) {
  const double greatest = greatest_in(values);
  if (greatest == 0) return {};
  const int exponent = std::ilogb(greatest);
  // Where the powers of two are floats, and what is cut no subnormal.
  if (exponent < -800 || exponent > 1000) return {.has_more = true};
  return cut_at(values, std::ldexp(1.5, exponent + kCutBits), std::ldexp(1.5, exponent + 2 * kCutBits - 52));
}

[[gnu::optimize("O3")]] Cut cut_portably(std::span<const double> values) { return cut_of(values); }
#ifdef __x86_64__
[[gnu::target("avx2"), gnu::optimize("O3")]] Cut cut_by_avx2(std::span<const double> values) { return cut_of(values); }
#endif

Cut cut(std::span<const double> values) {
#ifdef __x86_64__
  static const bool kHasAvx2 = cpu_features().avx2;
  if (kHasAvx2) return cut_by_avx2(values);
#endif
  return cut_portably(values);
}

UInt128 magnitude_of(Int128 value) { return value < 0 ? -static_cast<UInt128>(value) : static_cast<UInt128>(value); }

}  // namespace

void WideSum::add(bool is_negative, UInt128 magnitude, int bit) {
  if (++pending_ == uint32_t{1} << 30) carry();
  const auto digit = static_cast<size_t>(bit / 32);
  const int shift = bit % 32;
  // What the shift pushes out above comes first.
  const uint64_t over = shift == 0 ? 0 : static_cast<uint64_t>(magnitude >> (128 - shift));
  magnitude <<= shift;
  for (size_t i = 0; i < 5 && digit + i < kDigits; ++i) {
    const auto part = i < 4 ? static_cast<int64_t>(static_cast<uint32_t>(magnitude >> (32 * i))) : static_cast<int64_t>(over);
    digits_[digit + i] += is_negative ? -part : part;
  }
}

void WideSum::add(const WideSum& other) {
  carry();
  WideSum carried = other;
  carried.carry();
  for (size_t i = 0; i < kDigits; ++i) digits_[i] += carried.digits_[i];
  pending_ = 2;
  special_ += other.special_;
}

void WideSum::carry() {
  for (size_t i = 0; i + 1 < kDigits; ++i) {
    const int64_t over = digits_[i] >> 32;
    digits_[i] -= over * (int64_t{1} << 32);
    digits_[i + 1] += over;
  }
  pending_ = 1;
}

double WideSum::value() const {
  if (special_ != 0) return special_;
  WideSum sum = *this;
  sum.carry();
  const bool is_negative = sum.digits_.back() < 0;
  if (is_negative) {
    for (int64_t& digit : sum.digits_) digit = -digit;
    sum.carry();
  }
  const auto last = std::ranges::find_if(sum.digits_.rbegin(), sum.digits_.rend(), [](int64_t digit) { return digit != 0; });
  if (last == sum.digits_.rend()) return 0;
  const auto top = static_cast<size_t>(sum.digits_.rend() - last) - 1;
  const size_t lowest = top < 3 ? 0 : top - 3;
  UInt128 magnitude = 0;
  for (size_t i = top + 1; i-- > lowest;) magnitude = magnitude << 32 | static_cast<uint32_t>(sum.digits_[i]);
  const bool has_more =
      std::any_of(sum.digits_.begin(), sum.digits_.begin() + static_cast<ptrdiff_t>(lowest), [](int64_t digit) { return digit != 0; });
  return nearest(is_negative, magnitude, static_cast<int>(lowest) * 32, has_more);
}

void FloatSums::add_to(WideSum& wide, double value) {
  if (!std::isfinite(value)) return wide.add_special(value);
  const auto bits = std::bit_cast<uint64_t>(value);
  const int exponent = static_cast<int>(bits >> 52 & 0x7FF);
  wide.add(bits >> 63 != 0, (bits & kFraction) | (exponent == 0 ? 0 : kImplicit), std::max(exponent, 1) - 1);
}

void FloatSums::add_to(WideSum& wide, size_t group) const {
  const Sum& sum = sums_[group];
  if (sum.anchor == kIsWide) return wide.add(wide_[sum.low]);
  if (sum.anchor != 0) wide.add(sum.value() < 0, magnitude_of(sum.value()), sum.bit());
}

Result<WideSum*> FloatSums::widen(size_t group) {
  Sum& sum = sums_[group];
  if (sum.anchor == kIsWide) return &wide_[sum.low];
  HR_TRY(Reservation reserved, Reservation::take(budget_, sizeof(WideSum)));
  reserved_.push_back(std::move(reserved));
  WideSum wide;
  add_to(wide, group);
  sum = {.low = wide_.size(), .high = 0, .anchor = kIsWide};
  wide_.push_back(wide);
  return &wide_.back();
}

Result<void> FloatSums::add_far(size_t group, double value) {
  if (value == 0) return {};
  Sum& sum = sums_[group];
  if (sum.anchor == 0 && std::isfinite(value)) {
    const int exponent = static_cast<int>(std::bit_cast<uint64_t>(value) >> 52 & 0x7FF);
    sum.anchor = std::clamp(exponent + kOffset - kBelow, kOffset + 1, kGreatestAnchor);
    if (add(group, value)) return {};
  }
  HR_TRY(WideSum* const wide, widen(group));
  add_to(*wide, value);
  return {};
}

Result<void> FloatSums::add_all(size_t group, std::span<const double> values) {
  const auto put = [&](double value) { return add(group, value) ? Result<void>() : add_far(group, value); };
  while (values.size() >= kLanes) {
    const size_t size = std::min(kAtOnce, values.size() / kLanes * kLanes);
    const Cut sums = cut(values.first(size));
    if (sums.has_more) {
      for (const double value : values.first(size)) HR_CHECK(put(value));
    } else {
      HR_CHECK(put(sums.upper));
      HR_CHECK(put(sums.lower));
    }
    values = values.subspan(size);
  }
  for (const double value : values) HR_CHECK(put(value));
  return {};
}

Result<void> FloatSums::merge(const FloatSums& other, size_t other_group, size_t group) {
  const Sum& from = other.sums_[other_group];
  Sum& to = sums_[group];
  if (from.anchor == 0) return {};
  if (from.anchor != kIsWide && to.anchor != kIsWide) {
    if (to.anchor == 0) {
      to = from;
      return {};
    }
    // Both in the lower unit, if they fit it.
    const int anchor = std::min(from.anchor, to.anchor);
    const int from_shift = from.anchor - anchor, to_shift = to.anchor - anchor;
    const auto fits = [](const Sum& sum, int shift) { return bits_in(magnitude_of(sum.value())) + shift < 127; };
    if (fits(from, from_shift) && fits(to, to_shift)) {
      const Int128 one = Int128{1};
      to.set(from.value() * (one << from_shift) + to.value() * (one << to_shift));
      to.anchor = anchor;
      return {};
    }
  }
  HR_TRY(WideSum* const wide, widen(group));
  other.add_to(*wide, other_group);
  return {};
}

double FloatSums::value(size_t group) const {
  const Sum& sum = sums_[group];
  if (sum.anchor == 0) return 0;
  if (sum.anchor == kIsWide) return wide_[sum.low].value();
  return nearest(sum.value() < 0, magnitude_of(sum.value()), sum.bit(), false);
}

double FloatSums::rest(size_t group) const {
  const double whole = value(group);
  if (!std::isfinite(whole)) return 0;
  WideSum wide;
  add_to(wide, group);
  add_to(wide, -whole);
  return wide.value();
}

}  // namespace headrace::frame
