#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "frame/columns/growing_vector.h"
#include "frame/int128.h"

namespace headrace::frame {

/// A sum of floats of any exponents, exact: digits of 32 bits from the least subnormal up, each with room for carries.
class WideSum {
 public:
  /// `magnitude` times two to the power of `bit` - 1074.
  void add(bool is_negative, UInt128 magnitude, int bit);
  void add(const WideSum& other);
  void add_special(double value) { special_ += value; }
  /// The nearest float.
  double value() const;

 private:
  static constexpr size_t kDigits = 72;
  void carry();

  std::array<int64_t, kDigits> digits_{};
  uint32_t pending_ = 0;  ///< additions since carry()
  double special_ = 0;    ///< what infinities and NaN add up to
};

/// Sums of floats, one for each group. Each is exact, so that it is the same for any order of its values and any parts that were summed
/// apart, and
/// rounded once, in value(). Values whose exponents are near each other, which is nearly always all, are added as whole numbers of 128 bits
/// in
/// units of a power of two; a sum that has others goes on as a WideSum.
class FloatSums {
 public:
  explicit FloatSums(std::shared_ptr<MemoryBudget> budget) : budget_(budget), sums_(std::move(budget)) {}

  Result<void> resize(size_t groups) { return sums_.resize(groups); }
  size_t size() const { return sums_.size(); }
  /// Whether the value was added; if not, it is for add_far().
  bool add(size_t group, double value) {
    Sum& sum = sums_[group];
    const auto bits = std::bit_cast<uint64_t>(value);
    const int exponent = static_cast<int>(bits >> 52 & 0x7FF);
    const auto shift = static_cast<uint32_t>(exponent + kOffset - sum.anchor);
    if (shift > kGreatestShift) [[unlikely]] return false;
    const auto sign = static_cast<int64_t>(bits) >> 63;
    const auto whole = (static_cast<int64_t>((bits & kFraction) | kImplicit) ^ sign) - sign;
    Int128 total;
    if (__builtin_add_overflow(sum.value(), static_cast<Int128>(whole) << shift, &total)) [[unlikely]] return false;
    sum.set(total);
    return true;
  }
  /// The same for any value. OutOfMemory, of the budget.
  Result<void> add_far(size_t group, double value);
  Result<void> add_all(size_t group, std::span<const double> values);
  /// Another's group into one of these.
  Result<void> merge(const FloatSums& other, size_t other_group, size_t group);
  double value(size_t group) const;
  /// What the sum is beyond value().
  double rest(size_t group) const;

 private:
  static constexpr uint64_t kImplicit = uint64_t{1} << 52, kFraction = kImplicit - 1;
  // The unit of a sum: that of floats of the exponent `anchor` - kOffset, which is no less than 1 and such that infinities are too far.
  static constexpr int kOffset = 4096, kBelow = 40, kGreatestAnchor = kOffset + 2046 - 73, kIsWide = 1 << 30;
  static constexpr uint32_t kGreatestShift = 73;

  /// All zero: nothing was added yet. Two words, so that it takes 24 bytes.
  struct Sum {
    uint64_t low, high;  ///< of the whole number, or `low` is the index of a WideSum
    int32_t anchor;

    Int128 value() const { return static_cast<Int128>(static_cast<UInt128>(high) << 64 | low); }
    void set(Int128 value) {
      low = static_cast<uint64_t>(value);
      high = static_cast<uint64_t>(static_cast<UInt128>(value) >> 64);
    }
    int bit() const { return anchor - kOffset - 1; }
  };

  /// The group's sum as a WideSum from now on.
  Result<WideSum*> widen(size_t group);
  static void add_to(WideSum& wide, double value);
  void add_to(WideSum& wide, size_t group) const;

  std::shared_ptr<MemoryBudget> budget_;
  GrowingVector<Sum> sums_;
  std::vector<WideSum> wide_;
  std::vector<Reservation> reserved_;
};

}  // namespace headrace::frame
