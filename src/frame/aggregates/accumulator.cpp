#include "frame/aggregates/accumulator.h"

#include "frame/aggregates/accumulators.h"

namespace headrace::frame {
namespace {

/// Of values of type Null.
class Nothing : public Accumulator {
 public:
  Nothing(DataType result, const Budget& budget) : result_(std::move(result)), budget_(budget) {}
  Result<void> resize(size_t groups) override {
    groups_ = groups;
    return {};
  }
  Result<void> update(const AggregateRows&) override { return {}; }
  Result<void> merge(const Accumulator&, std::span<const uint64_t>, std::span<const uint32_t>) override { return {}; }
  Result<Array> finish() override { return Array::all_null(result_, groups_, budget_); }

 private:
  DataType result_;
  Budget budget_;
  size_t groups_ = 0;
};

}  // namespace

Result<void> Accumulator::merge(const Accumulator&, std::span<const uint64_t>, std::span<const uint32_t>) {
  return fail(ErrorKind::Internal, "an aggregate that needs all of its rows was merged");
}

bool is_mergeable(AggregateOperator op) {
  using enum AggregateOperator;
  return op != NUnique && op != Median && op != Quantile && op != Product && op != Implode;
}

std::unique_ptr<Accumulator> make_accumulator(const Expression::Aggregate& what, const DataType& input, const DataType& result,
                                              const std::shared_ptr<MemoryBudget>& budget) {
  using enum AggregateOperator;
  const bool is_bytes = input.layout() == Layout::Views || input.id() == TypeId::Categorical;
  switch (what.op) {
    case Len:
    case Count:
    case NullCount: return make_counter(what.op, budget);
    case NUnique: return make_distinct(input, budget);
    case Implode: return make_collector(what, input, result, budget);
    case First:
    case Last: return make_pick(what.op, input, budget);
    case Any:
    case All: return make_truth(what, budget);
    default: break;
  }
  if (input.id() == TypeId::Null) return std::make_unique<Nothing>(result, budget);
  switch (what.op) {
    case Min:
    case Max:
      if (input.id() == TypeId::Bool) return make_truth(what, budget);
      return is_bytes ? make_pick(what.op, input, budget) : make_extreme(what.op, input, budget);
    case Median:
    case Quantile:
    case Product: return make_collector(what, input, result, budget);
    default: return input.is_float() ? make_float_sum(what, input, budget) : make_whole_sum(what.op, input, result, budget);
  }
}

}  // namespace headrace::frame
