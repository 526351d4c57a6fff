#include "frame/aggregates/accumulators.h"

namespace headrace::frame {
namespace {

class Counter : public Accumulator {
 public:
  Counter(AggregateOperator op, const Budget& budget) : op_(op), budget_(budget), counts_(budget) {}

  Result<void> resize(size_t groups) override { return counts_.resize(groups); }

  Result<void> update(const AggregateRows& rows) override {
    uint64_t* const counts = counts_.data();
    if (rows.is_one_group) {
      const size_t all = rows.groups.size(), nulls = op_ == AggregateOperator::Len ? 0 : rows.input->nulls();
      counts[0] += op_ == AggregateOperator::NullCount ? nulls : all - nulls;
    } else if (op_ == AggregateOperator::Len || (op_ == AggregateOperator::Count && rows.input->nulls() == 0)) {
      for (const uint32_t group : rows.groups) ++counts[group];
    } else if (rows.input->nulls() > 0) {
      const bool wanted = op_ == AggregateOperator::Count;
      for (size_t row = 0; row < rows.groups.size(); ++row) counts[rows.groups[row]] += rows.input->is_valid(row) == wanted;
    }
    return {};
  }

  Result<void> merge(const Accumulator& from, std::span<const uint64_t> from_groups, std::span<const uint32_t> groups) override {
    const auto& other = static_cast<const Counter&>(from);
    for (size_t i = 0; i < groups.size(); ++i) counts_[groups[i]] += other.counts_[from_groups[i]];
    return {};
  }

  Result<Array> finish() override {
    HR_TRY(const Buffer values, Buffer::from_pool(counts_.size() * 4, budget_));
    for (size_t group = 0; group < counts_.size(); ++group) {
      if (counts_[group] > UINT32_MAX) return fail(ErrorKind::OutOfRange, "more than four billion rows");
      values.as<uint32_t>()[group] = static_cast<uint32_t>(counts_[group]);
    }
    return Array::make({.type = TypeId::UInt32, .size = counts_.size(), .values = values});
  }

 private:
  AggregateOperator op_;
  Budget budget_;
  GrowingVector<uint64_t> counts_;
};

}  // namespace

AccumulatorPointer make_counter(AggregateOperator op, const Budget& budget) { return std::make_unique<Counter>(op, budget); }

}  // namespace headrace::frame
