#include "frame/operators/reduction.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/thread_pool.h"
#include "frame/columns/gather.h"
#include "frame/expressions/pieces.h"
#include "frame/operators/aggregation.h"

namespace headrace::frame {

size_t workers_for(const DataFrame& frame) {
  const size_t threads = static_cast<size_t>(std::max(1, ThreadPool::process().threads()));
  return std::clamp<size_t>(frame.height() / kPieceRows, 1, threads);
}

Result<void> add_frame(const DataFrame& frame, const std::vector<bool>& read, const std::vector<Array>& more, size_t workers,
                       Aggregation& into) {
  const std::vector<FrameRows> pieces = pieces_of(frame, read);
  std::atomic<size_t> next = 0;
  return each_in_parallel(workers, 1, [&](size_t worker) -> Result<void> {
    for (size_t i; (i = next++) < pieces.size();) {
      Chunk chunk = chunk_of(frame, read, pieces[i]);
      append(more, chunk);
      HR_CHECK(into.add(worker, pieces[i].begin, chunk));
    }
    return {};
  });
}

Result<Reduction> Reduction::bind(std::span<const Expression> expressions, const Schema& schema) {
  Reduction reduction;
  for (const Expression& expression : expressions) collect_aggregates(expression, reduction.aggregates_);
  if (reduction.aggregates_.empty()) return reduction;
  std::vector<Expression> inputs;
  for (const Expression& aggregate : reduction.aggregates_)
    inputs.insert(inputs.end(), aggregate.inputs().begin(), aggregate.inputs().end());
  HR_TRY(Reduction inner, bind(inputs, schema));
  for (const Expression& aggregate : reduction.aggregates_) {
    HR_TRY(BoundAggregate one, BoundAggregate::bind(aggregate, schema, inner.aggregates_, inner.types_));
    reduction.types_.push_back(one.result);
    reduction.bound_.push_back(std::move(one));
    reduction.of_rows_.push_back(aggregate.inputs().empty() || is_of_rows(aggregate.inputs()[0]));
  }
  reduction.inner_ = std::make_shared<const Reduction>(std::move(inner));
  return reduction;
}

Result<BoundExpression> Reduction::bind(const Expression& expression, const Schema& schema) const {
  return BoundExpression::bind(expression, schema, aggregates_, types_);
}

Result<void> Reduction::reduce(const DataFrame& frame, bool of_rows, const std::vector<Array>& inner, std::vector<Array>& values,
                               const std::shared_ptr<MemoryBudget>& budget) const {
  std::vector<BoundAggregate> some;
  for (size_t i = 0; i < bound_.size(); ++i) {
    if ((of_rows_[i] != 0) == of_rows) some.push_back(bound_[i]);
  }
  if (some.empty()) return {};
  std::vector<bool> read(frame.width());
  for (const BoundAggregate& one : some) {
    if (one.input) one.input->mark_columns(read);
  }
  const size_t workers = of_rows ? workers_for(frame) : 1;
  Aggregation aggregation({}, std::move(some), workers, budget);
  if (of_rows) {
    HR_CHECK(add_frame(frame, read, inner, workers, aggregation));
  } else {
    Chunk one{.columns = std::vector<Array>(frame.width()), .rows = 1};
    append(inner, one);
    HR_CHECK(aggregation.add(0, 0, one));
  }
  HR_CHECK(aggregation.finish());
  HR_TRY(Chunk result, aggregation.chunk(0));
  size_t next = 0;
  for (size_t i = 0; i < bound_.size(); ++i) {
    if ((of_rows_[i] != 0) == of_rows) values[i] = std::move(result.columns[next++]);
  }
  return {};
}

Result<std::vector<Array>> Reduction::evaluate(const DataFrame& frame, size_t times, const std::shared_ptr<MemoryBudget>& budget) const {
  std::vector<Array> values(bound_.size());
  if (values.empty()) return values;
  HR_TRY(const std::vector<Array> inner, inner_->evaluate(frame, std::max<size_t>(1, std::min(frame.height(), kPieceRows)), budget));
  HR_CHECK(reduce(frame, true, inner, values, budget));
  HR_CHECK(reduce(frame, false, inner, values, budget));
  if (times == 1) return values;
  const std::vector<uint64_t> rows(times);
  for (Array& value : values) {
    HR_TRY(value, gather(value, rows, budget));
  }
  return values;
}

}  // namespace headrace::frame
