#include <algorithm>
#include <cmath>
#include <limits>

#include "frame/aggregates/accumulators.h"
#include "frame/aggregates/float_sum.h"

namespace headrace::frame {
namespace {

#ifdef __SIZEOF_FLOAT128__
__extension__ using Quad = __float128;
#else
using Quad = long double;
#endif

/// The square's rounded value and what rounding took, exactly: Dekker's product.
std::pair<double, double> square(double value) {
  const double product = value * value;
  if (!std::isfinite(product)) return {product, 0};
  constexpr double kSplit = 134217729;  // 2^27 + 1
  const double scaled = kSplit * value;
  if (!std::isfinite(scaled)) return {product, 0};
  const double high = scaled - (scaled - value), low = value - high;
  return {product, ((high * high - product) + 2 * high * low) + low * low};
}

/// Sums and counts of floats, and for variances sums of squares too: all exact, so that what is made of them is free of order.
template <class T>
class FloatAggregate : public Accumulator {
 public:
  FloatAggregate(const Expression::Aggregate& what, DataType type, const Budget& budget)
      : what_(what), type_(std::move(type)), budget_(budget), sums_(budget), squares_(budget), counts_(budget) {}

  Result<void> resize(size_t groups) override {
    if (has_squares()) HR_CHECK(squares_.resize(groups));
    if (has_counts()) HR_CHECK(counts_.resize(groups));
    return sums_.resize(groups);
  }

  Result<void> update(const AggregateRows& rows) override {
    const T* const values = rows.input->data<T>();
    const uint32_t* const groups = rows.groups.data();
    if constexpr (std::is_same_v<T, double>) {
      if (rows.is_one_group && rows.input->nulls() == 0 && !has_squares()) {
        if (has_counts()) counts_[0] += rows.input->size();
        return sums_.add_all(0, rows.input->values<T>());
      }
    }
    Result<void> done;
    const auto add_all = [&](const auto& count) {
      each_valid(*rows.input, [&](size_t row) {
        if (!sums_.add(groups[row], values[row])) [[unlikely]] done = sums_.add_far(groups[row], values[row]);
        count(groups[row]);
      });
    };
    uint64_t* const counts = counts_.data();
    if (has_counts()) {
      add_all([counts](uint32_t group) { ++counts[group]; });
    } else {
      add_all([](uint32_t) {});
    }
    if (has_squares()) {
      each_valid(*rows.input, [&](size_t row) {
        const auto [high, low] = square(values[row]);
        for (const double part : {high, low}) {
          if (!squares_.add(groups[row], part)) [[unlikely]] done = squares_.add_far(groups[row], part);
        }
      });
    }
    return done;
  }

  Result<void> merge(const Accumulator& from, std::span<const uint64_t> from_groups, std::span<const uint32_t> groups) override {
    const auto& other = static_cast<const FloatAggregate&>(from);
    for (size_t i = 0; i < groups.size(); ++i) {
      HR_CHECK(sums_.merge(other.sums_, from_groups[i], groups[i]));
      if (has_squares()) HR_CHECK(squares_.merge(other.squares_, from_groups[i], groups[i]));
      if (has_counts()) counts_[groups[i]] += other.counts_[from_groups[i]];
    }
    return {};
  }

  Result<Array> finish() override {
    const size_t groups = sums_.size();
    HR_TRY(const Buffer values, Buffer::from_pool(groups * sizeof(T), budget_));
    for (size_t group = 0; group < groups; ++group) values.as<T>()[group] = static_cast<T>(value(group));
    return array_of<T>(type_, values, groups, [&](size_t group) { return has_value(group); }, budget_);
  }

 private:
  bool has_squares() const { return what_.op == AggregateOperator::Var || what_.op == AggregateOperator::Std; }
  bool has_counts() const { return what_.op != AggregateOperator::Sum; }

  bool has_value(size_t group) const {
    if (what_.op == AggregateOperator::Sum) return true;
    return counts_[group] > (has_squares() ? what_.ddof : 0u);
  }

  double value(size_t group) const {
    if (!has_value(group)) return 0;
    if (what_.op == AggregateOperator::Sum) return sums_.value(group);
    if (what_.op == AggregateOperator::Mean) return sums_.value(group) / static_cast<double>(counts_[group]);
    const double variance = variance_of(group);
    return what_.op == AggregateOperator::Std ? std::sqrt(variance) : variance;
  }

  /// (Σx² - (Σx)² / n) / (n - ddof), with more than twice a float's digits, since much of it may cancel out.
  double variance_of(size_t group) const {
    const double sum = sums_.value(group), squares = squares_.value(group);
    if (!std::isfinite(sum) || !std::isfinite(squares)) return std::numeric_limits<double>::quiet_NaN();
    const Quad count = static_cast<Quad>(counts_[group]);
    const Quad all = static_cast<Quad>(sum) + sums_.rest(group), all_squares = static_cast<Quad>(squares) + squares_.rest(group);
    const auto variance = static_cast<double>((all_squares - all * all / count) / (count - what_.ddof));
    return std::max(variance, 0.0);
  }

  Expression::Aggregate what_;
  DataType type_;
  Budget budget_;
  FloatSums sums_, squares_;
  GrowingVector<uint64_t> counts_;
};

}  // namespace

AccumulatorPointer make_float_sum(const Expression::Aggregate& what, const DataType& input, const Budget& budget) {
  if (input.id() == TypeId::Float32) return std::make_unique<FloatAggregate<float>>(what, input, budget);
  return std::make_unique<FloatAggregate<double>>(what, input, budget);
}

}  // namespace headrace::frame
