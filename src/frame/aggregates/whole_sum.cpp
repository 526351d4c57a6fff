#include <fmt/format.h>

#include <limits>
#include <type_traits>

#include "frame/aggregates/accumulators.h"

namespace headrace::frame {
namespace {

/// Sums of whole numbers as wide as none overflows. Decimals of two words may: then it is told how often a sum went round, and which way.
template <class T, class Wide>
class WholeSum : public Accumulator {
 public:
  static constexpr bool kGoesRound = std::is_same_v<T, Int128>;

  WholeSum(AggregateOperator op, DataType input, DataType result, const Budget& budget)
      : is_mean_(op == AggregateOperator::Mean),
        input_(std::move(input)),
        result_(std::move(result)),
        budget_(budget),
        sums_(budget),
        counts_(budget),
        rounds_(budget) {}

  Result<void> resize(size_t groups) override {
    if (is_mean_) HR_CHECK(counts_.resize(groups));
    if (kGoesRound) HR_CHECK(rounds_.resize(groups));
    return sums_.resize(groups);
  }

  Result<void> update(const AggregateRows& rows) override {
    if constexpr (!kGoesRound && !std::is_same_v<T, bool>) {
      if (rows.is_one_group && rows.input->nulls() == 0) {
        sums_[0] += sum_of(rows.input->values<T>());
        if (is_mean_) counts_[0] += rows.input->size();
        return {};
      }
    }
    const uint32_t* const groups = rows.groups.data();
    Wide* const sums = sums_.data();
    if constexpr (std::is_same_v<T, bool>) {
      const Bitmap bits = rows.input->bits();
      each_valid(*rows.input, [&](size_t row) { sums[groups[row]] += bits[row]; });
    } else {
      const T* const values = rows.input->data<T>();
      each_valid(*rows.input, [&](size_t row) {
        if constexpr (kGoesRound) {
          add(groups[row], values[row]);
        } else {
          sums[groups[row]] += static_cast<Wide>(values[row]);
        }
      });
    }
    if (is_mean_) {
      uint64_t* const counts = counts_.data();
      each_valid(*rows.input, [&](size_t row) { ++counts[groups[row]]; });
    }
    return {};
  }

  Result<void> merge(const Accumulator& from, std::span<const uint64_t> from_groups, std::span<const uint32_t> groups) override {
    const auto& other = static_cast<const WholeSum&>(from);
    for (size_t i = 0; i < groups.size(); ++i) {
      add(groups[i], other.sums_[from_groups[i]]);
      if (is_mean_) counts_[groups[i]] += other.counts_[from_groups[i]];
      if (kGoesRound) rounds_[groups[i]] += other.rounds_[from_groups[i]];
    }
    return {};
  }

  Result<Array> finish() override {
    if (is_mean_) return result_.is_temporal() ? means<int64_t>() : means<double>();
    switch (result_.id()) {
      case TypeId::UInt32: return sums<uint32_t>();
      case TypeId::UInt64: return sums<uint64_t>();
      case TypeId::Int32: return sums<int32_t>();
      case TypeId::Decimal: return sums<Int128>();
      default: return sums<int64_t>();
    }
  }

 private:
  /// PERF: four sums, none of which waits for another.
  static Wide sum_of(std::span<const T> values) {
    Wide sums[4] = {};
    size_t row = 0;
    for (; row + 4 <= values.size(); row += 4) {
      for (size_t i = 0; i < 4; ++i) sums[i] += static_cast<Wide>(values[row + i]);
    }
    for (; row < values.size(); ++row) sums[0] += static_cast<Wide>(values[row]);
    return sums[0] + sums[1] + sums[2] + sums[3];
  }

  void add(size_t group, Wide value) {
    Wide& sum = sums_[group];
    if constexpr (kGoesRound) {
      if (__builtin_add_overflow(sum, value, &sum)) rounds_[group] += value < 0 ? -1 : 1;
    } else {
      sum += value;
    }
  }

  std::unexpected<Error> too_large() const {
    return fail(ErrorKind::OutOfRange, fmt::format("a sum does not fit {}; cast to a wider type before", to_string(result_)));
  }

  template <class Out>
  Result<Array> sums() const {
    HR_TRY(const Buffer values, Buffer::from_pool(sums_.size() * sizeof(Out), budget_));
    for (size_t group = 0; group < sums_.size(); ++group) {
      const Int128 sum = sums_[group];
      if (kGoesRound && rounds_[group] != 0) return too_large();
      if constexpr (sizeof(Out) == 16) {
        const Int128 bound = power_of_ten(DataType::kGreatestPrecision);
        if (sum >= bound || sum <= -bound) return too_large();
      } else {
        if (sum > std::numeric_limits<Out>::max() || sum < std::numeric_limits<Out>::min()) return too_large();
      }
      values.as<Out>()[group] = static_cast<Out>(sum);
    }
    return Array::make({.type = result_, .size = sums_.size(), .values = values});
  }

  /// A float or, of times, a whole number cut off towards zero.
  template <class Out>
  Result<Array> means() const {
    HR_TRY(const Buffer values, Buffer::from_pool(sums_.size() * 8, budget_));
    const double unit = input_.id() == TypeId::Decimal ? static_cast<double>(power_of_ten(input_.scale())) : 1;
    for (size_t group = 0; group < sums_.size(); ++group) {
      if (counts_[group] == 0) continue;
      if constexpr (std::is_same_v<Out, int64_t>) {
        values.as<Out>()[group] = static_cast<int64_t>(static_cast<Int128>(sums_[group]) / counts_[group]);
      } else {
        double sum = static_cast<double>(sums_[group]);
        if (kGoesRound) sum += static_cast<double>(rounds_[group]) * 0x1p128;
        values.as<Out>()[group] = sum / unit / static_cast<double>(counts_[group]);
      }
    }
    return array_of<Out>(result_, values, sums_.size(), [&](size_t group) { return counts_[group] > 0; }, budget_);
  }

  bool is_mean_;
  DataType input_, result_;
  Budget budget_;
  GrowingVector<Wide> sums_;
  GrowingVector<uint64_t> counts_;
  GrowingVector<int32_t> rounds_;
};

template <class T, class Wide>
AccumulatorPointer make(AggregateOperator op, const DataType& input, const DataType& result, const Budget& budget) {
  return std::make_unique<WholeSum<T, Wide>>(op, input, result, budget);
}

}  // namespace

AccumulatorPointer make_whole_sum(AggregateOperator op, const DataType& input, const DataType& result, const Budget& budget) {
  if (input.id() == TypeId::Bool) return make<bool, uint64_t>(op, input, result, budget);
  return with_type_of(input, [&]<class T>(T) -> AccumulatorPointer {
    if constexpr (std::is_floating_point_v<T>) {
      std::unreachable();
    } else if constexpr (sizeof(T) >= 8) {
      return make<T, Int128>(op, input, result, budget);
    } else {
      // Four billion values of 32 bits fit 64.
      return make<T, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(op, input, result, budget);
    }
  });
}

}  // namespace headrace::frame
