#include "frame/aggregates/accumulators.h"

namespace headrace::frame {
namespace {

/// Which of true, false and null a group has.
class Truth : public Accumulator {
 public:
  Truth(const Expression::Aggregate& what, const Budget& budget) : what_(what), budget_(budget), seen_(budget) {}

  Result<void> resize(size_t groups) override { return seen_.resize(groups); }

  Result<void> update(const AggregateRows& rows) override {
    const Bitmap bits = rows.input->bits();
    uint8_t* const seen = seen_.data();
    for (size_t row = 0; row < rows.groups.size(); ++row)
      seen[rows.groups[row]] |= !rows.input->is_valid(row) ? kNull : bits[row] ? kTrue : kFalse;
    return {};
  }

  Result<void> merge(const Accumulator& from, std::span<const uint64_t> from_groups, std::span<const uint32_t> groups) override {
    const auto& other = static_cast<const Truth&>(from);
    for (size_t i = 0; i < groups.size(); ++i) seen_[groups[i]] |= other.seen_[from_groups[i]];
    return {};
  }

  Result<Array> finish() override {
    const size_t groups = seen_.size();
    HR_TRY(const Bitmap values, Bitmap::zeros(groups, budget_));
    HR_TRY(const Bitmap validity, Bitmap::zeros(groups, budget_));
    for (size_t group = 0; group < groups; ++group) {
      if (const auto value = answer(seen_[group])) {
        validity.set(group);
        if (*value) values.set(group);
      }
    }
    return Array::make({.type = TypeId::Bool, .size = groups, .validity = validity, .values = values.buffer()});
  }

 private:
  static constexpr uint8_t kTrue = 1, kFalse = 2, kNull = 4;

  std::optional<bool> answer(uint8_t seen) const {
    const bool has_true = seen & kTrue, has_false = seen & kFalse, is_unsure = (seen & kNull) != 0 && !what_.ignore_nulls;
    switch (what_.op) {
      case AggregateOperator::Any: return has_true ? std::optional(true) : is_unsure ? std::nullopt : std::optional(false);
      case AggregateOperator::All: return has_false ? std::optional(false) : is_unsure ? std::nullopt : std::optional(true);
      case AggregateOperator::Max: return has_true || has_false ? std::optional(has_true) : std::nullopt;
      default: return has_true || has_false ? std::optional(!has_false) : std::nullopt;
    }
  }

  Expression::Aggregate what_;
  Budget budget_;
  GrowingVector<uint8_t> seen_;
};

}  // namespace

AccumulatorPointer make_truth(const Expression::Aggregate& what, const Budget& budget) { return std::make_unique<Truth>(what, budget); }

}  // namespace headrace::frame
