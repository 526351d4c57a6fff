#include <cmath>

#include "frame/aggregates/accumulators.h"

namespace headrace::frame {
namespace {

/// Min or Max of numbers. NaN is left out where there is anything else; of the two zeros the negative one is less.
template <class T, bool kIsMax>
class Extreme : public Accumulator {
 public:
  Extreme(DataType type, const Budget& budget) : type_(std::move(type)), budget_(budget), values_(budget), seen_(budget) {}

  Result<void> resize(size_t groups) override {
    HR_CHECK(values_.resize(groups));
    return seen_.resize(groups);
  }

  Result<void> update(const AggregateRows& rows) override {
    const T* const values = rows.input->data<T>();
    T* const kept = values_.data();
    uint8_t* const seen = seen_.data();
    if (rows.is_one_group) {
      T best = kept[0];
      bool has_one = seen[0] != 0;
      each_valid(*rows.input, [&](size_t row) {
        if (has_one && !is_better(values[row], best)) return;
        best = values[row];
        has_one = true;
      });
      kept[0] = best;
      seen[0] = has_one;
      return {};
    }
    each_valid(*rows.input, [&](size_t row) {
      const uint32_t group = rows.groups[row];
      if (!seen[group] || is_better(values[row], kept[group])) {
        kept[group] = values[row];
        seen[group] = 1;
      }
    });
    return {};
  }

  Result<void> merge(const Accumulator& from, std::span<const uint64_t> from_groups, std::span<const uint32_t> groups) override {
    const auto& other = static_cast<const Extreme&>(from);
    for (size_t i = 0; i < groups.size(); ++i) {
      const T value = other.values_[from_groups[i]];
      if (other.seen_[from_groups[i]] == 0 || (seen_[groups[i]] != 0 && !is_better(value, values_[groups[i]]))) continue;
      values_[groups[i]] = value;
      seen_[groups[i]] = 1;
    }
    return {};
  }

  Result<Array> finish() override {
    return array_of<T>(type_, values_.buffer(), seen_.size(), [&](size_t group) { return seen_[group] != 0; }, budget_);
  }

 private:
  static bool is_better(T value, T than) {
    if constexpr (std::is_floating_point_v<T>) {
      if (value == than) return std::signbit(value) != kIsMax && std::signbit(than) == kIsMax;
      if (std::isnan(than)) return !std::isnan(value);
    }
    return kIsMax ? value > than : value < than;
  }

  DataType type_;
  Budget budget_;
  GrowingVector<T> values_;
  GrowingVector<uint8_t> seen_;
};

}  // namespace

AccumulatorPointer make_extreme(AggregateOperator op, const DataType& input, const Budget& budget) {
  return with_type_of(input, [&]<class T>(T) -> AccumulatorPointer {
    if (op == AggregateOperator::Max) return std::make_unique<Extreme<T, true>>(input, budget);
    return std::make_unique<Extreme<T, false>>(input, budget);
  });
}

}  // namespace headrace::frame
