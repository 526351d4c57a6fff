#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "frame/aggregates/accumulators.h"
#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"

namespace headrace::frame {
namespace {

/// All values, and in finish() those of one group after the other in the order of their places.
class Collector : public Accumulator {
 public:
  Collector(const Expression::Aggregate& what, DataType input, DataType result, const Budget& budget)
      : what_(what), input_(std::move(input)), result_(std::move(result)), budget_(budget), groups_(budget), places_(budget) {}

  Result<void> resize(size_t groups) override {
    count_ = groups;
    return {};
  }

  Result<void> update(const AggregateRows& rows) override {
    const size_t before = groups_.size(), size = rows.groups.size();
    HR_CHECK(groups_.resize(before + size));
    HR_CHECK(places_.resize(before + size));
    for (size_t row = 0; row < size; ++row) {
      groups_[before + row] = rows.groups[row];
      places_[before + row] = rows.places[row];
    }
    pieces_.push_back(*rows.input);
    return {};
  }

  Result<Array> finish() override {
    if (pieces_.empty()) {
      HR_TRY(Array none, Array::all_null(input_, 0, budget_));
      pieces_.push_back(std::move(none));
    }
    HR_TRY(const Array all, concatenate(pieces_, budget_));
    pieces_.clear();
    HR_CHECK(order());
    switch (what_.op) {
      case AggregateOperator::Implode: return lists(all);
      case AggregateOperator::Product: return products(all);
      default: return quantiles(all);
    }
  }

 private:
  /// Where each group's rows begin, and all rows, group by group.
  Result<void> order() {
    HR_TRY(begins_, Buffer::from_pool((count_ + 1) * 8, budget_));
    HR_TRY(rows_, Buffer::from_pool(groups_.size() * 8, budget_));
    auto* const begins = begins_.as<uint64_t>();
    auto* const rows = rows_.as<uint64_t>();
    std::vector<uint64_t> next(count_);
    for (size_t i = 0; i < groups_.size(); ++i) ++next[groups_[i]];
    for (size_t group = 0; group < count_; ++group) begins[group + 1] = begins[group] + std::exchange(next[group], begins[group]);
    for (size_t i = 0; i < groups_.size(); ++i) rows[next[groups_[i]]++] = i;
    const auto by_place = [&](uint64_t left, uint64_t right) { return places_[left] < places_[right]; };
    for (size_t group = 0; group < count_; ++group) {
      const std::span<uint64_t> some(rows + begins[group], begins[group + 1] - begins[group]);
      if (!std::ranges::is_sorted(some, by_place)) std::ranges::sort(some, by_place);
    }
    return {};
  }
  std::span<const uint64_t> rows_of(size_t group) const {
    const auto* const begins = begins_.as<uint64_t>();
    return {rows_.as<uint64_t>() + begins[group], begins[group + 1] - begins[group]};
  }

  Result<Array> lists(const Array& all) const {
    HR_TRY(Array items, gather(all, {rows_.as<uint64_t>(), groups_.size()}, budget_));
    return Array::make({.type = result_, .size = count_, .values = begins_, .child = std::make_shared<const Array>(std::move(items))});
  }

  /// Calls each(group, its values) for groups with values; the result is there where each() says so.
  template <class T, class Out, class Each>
  Result<Array> each_group(const Array& all, const Each& each) const {
    HR_TRY(const Buffer out, Buffer::from_pool(count_ * sizeof(Out), budget_));
    HR_TRY(const Bitmap validity, Bitmap::zeros(count_, budget_));
    std::vector<T> values;
    for (size_t group = 0; group < count_; ++group) {
      values.clear();
      for (const uint64_t row : rows_of(group)) {
        if (all.is_valid(row)) values.push_back(all.data<T>()[row]);
      }
      HR_TRY(const bool has_value, each(values, out.as<Out>()[group]));
      if (has_value) validity.set(group);
    }
    return Array::make({.type = result_, .size = count_, .validity = validity, .values = out});
  }

  Result<Array> products(const Array& all) const {
    return with_type_of(input_, [&]<class T>(T) -> Result<Array> {
      return each_group<T, T>(all, [&](const std::vector<T>& values, T& out) -> Result<bool> {
        out = 1;
        // With a zero nothing overflows.
        const bool is_zero = std::ranges::find(values, T{0}) != values.end();
        for (const T value : values) {
          if constexpr (std::is_floating_point_v<T>) {
            out *= value;
          } else if (is_zero) {
            out = 0;
          } else if (__builtin_mul_overflow(out, value, &out)) {
            return fail(ErrorKind::OutOfRange, fmt::format("a product does not fit {}; cast to Float64 before", to_string(result_)));
          }
        }
        return true;
      });
    });
  }

  Result<Array> quantiles(const Array& all) const {
    return with_type_of(input_, [&]<class T>(T) -> Result<Array> {
      return each_group<T, T>(all, [&](std::vector<T>& values, T& out) -> Result<bool> {
        if (!values.empty()) out = quantile_of(values);
        return !values.empty();
      });
    });
  }

  /// The value at a place between two, of which only as many are put in order as are needed.
  template <class T>
  T quantile_of(std::vector<T>& values) const {
    const size_t last = values.size() - 1;
    const double at = static_cast<double>(last) * quantile();
    const auto lower = static_cast<size_t>(at), upper = std::min(last, lower + (at > static_cast<double>(lower)));
    switch (interpolation()) {
      case Interpolation::Nearest: return nth(values, std::min(last, static_cast<size_t>(std::round(at))));
      case Interpolation::Lower: return nth(values, lower);
      case Interpolation::Higher: return nth(values, upper);
      case Interpolation::Midpoint: return between(nth(values, lower), nth(values, upper), lower == upper ? 0 : 0.5);
      case Interpolation::Linear: return between(nth(values, lower), nth(values, upper), at - static_cast<double>(lower));
      case Interpolation::Equiprobable: {
        const double rank = std::ceil(static_cast<double>(values.size()) * quantile());
        return nth(values, rank < 1 ? 0 : std::min(last, static_cast<size_t>(rank) - 1));
      }
    }
    std::unreachable();
  }

  template <class T>
  static T nth(std::vector<T>& values, size_t index) {
    const auto less = [](T left, T right) {
      if constexpr (std::is_floating_point_v<T>) return std::isnan(left) ? false : std::isnan(right) || left < right;
      return left < right;
    };
    std::ranges::nth_element(values, values.begin() + static_cast<ptrdiff_t>(index), less);
    return values[index];
  }

  template <class T>
  static T between(T lower, T upper, double share) {
    if (share == 0 || lower == upper) return lower;
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(lower + (upper - lower) * static_cast<T>(share));
    } else {
      return static_cast<T>(static_cast<long double>(lower) + (static_cast<long double>(upper) - static_cast<long double>(lower)) * share);
    }
  }

  bool is_median() const { return what_.op == AggregateOperator::Median; }
  double quantile() const { return is_median() ? 0.5 : what_.quantile; }
  Interpolation interpolation() const { return is_median() ? Interpolation::Midpoint : what_.interpolation; }

  Expression::Aggregate what_;
  DataType input_, result_;
  Budget budget_;
  size_t count_ = 0;
  GrowingVector<uint32_t> groups_;
  GrowingVector<uint64_t> places_;
  std::vector<Array> pieces_;
  Buffer begins_, rows_;
};

}  // namespace

AccumulatorPointer make_collector(const Expression::Aggregate& what, const DataType& input, const DataType& result, const Budget& budget) {
  return std::make_unique<Collector>(what, input, result, budget);
}

}  // namespace headrace::frame
