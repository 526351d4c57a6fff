#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "frame/operators/join.h"
#include "frame/operators/join_small_left.h"
#include "frame/operators/stretches.h"

namespace headrace::frame {
namespace {

Result<void> check_left(const Join& join, const DataFrame& left, const JoinOptions& options, const std::shared_ptr<MemoryBudget>& budget) {
  if (options.validation != JoinValidation::OneToMany && options.validation != JoinValidation::OneToOne) return {};
  HR_TRY(const Chunk rows, chunk_of(left, budget));
  HR_TRY(std::vector<Array> keys, join.left_keys(rows));
  HR_TRY(const JoinTable table, JoinTable::make(std::move(keys), rows.rows, options.nulls_equal, budget));
  if (!table.has_chains()) return {};
  return fail(ErrorKind::InvalidArgument, fmt::format("A key stands in several rows of the left side, where the join is to be {}.",
                                                      options.validation == JoinValidation::OneToOne ? "1:1" : "1:m"));
}

/// What each stretch of the left side finds, in parallel.
Result<std::vector<std::vector<Chunk>>> probe_all(const Join& join, const DataFrame& left) {
  const std::vector<Stretch> stretches = stretches_of(left);
  std::vector<std::vector<Chunk>> found(stretches.size());
  std::mutex mutex;
  Result<void> done;
  ThreadPool::process().parallel_for(found.size(), 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      auto probed = join.probe(chunk_of(left, stretches[i]), [&](Chunk chunk) -> Result<void> {
        found[i].push_back(std::move(chunk));
        return {};
      });
      if (probed) continue;
      const std::lock_guard lock(mutex);
      done = std::move(probed);
    }
  });
  HR_CHECK(done);
  return found;
}

/// A left and a right column that a condition wants to be equal, if that is all it says.
std::optional<std::pair<size_t, size_t>> equal_columns(const Expression& condition, const Schema& pairs, size_t left_width) {
  const auto* binary = std::get_if<Expression::Binary>(&condition.kind());
  if (!binary || binary->op != BinaryOperator::Equal) return std::nullopt;
  std::vector<size_t> columns;
  for (const Expression& side : condition.inputs()) {
    const auto* column = std::get_if<Expression::Column>(&side.kind());
    if (!column) return std::nullopt;
    const auto index = pairs.index_of(column->name);
    if (!index) return std::nullopt;
    columns.push_back(*index);
  }
  std::ranges::sort(columns);
  if (columns[0] >= left_width || columns[1] < left_width) return std::nullopt;
  return std::pair(columns[0], columns[1] - left_width);
}

}  // namespace

Result<DataFrame> join_where(const DataFrame& left, const DataFrame& right, std::span<const Expression> conditions, JoinKind kind,
                             const std::string& suffix,
                             const std::shared_ptr<MemoryBudget>& budget) {
  if (conditions.empty()) return fail(ErrorKind::InvalidArgument, "join_where needs a condition.");
  HR_TRY(const JoinColumns pairs, join_columns(left.schema(), right.schema(), {}, {}, {.kind = JoinKind::Cross, .suffix = suffix}));
  std::vector<Expression> left_on, right_on;
  JoinOptions options{.kind = kind, .suffix = suffix, .coalesce = false};
  for (const Expression& condition : conditions) {
    const auto columns = equal_columns(condition, pairs.schema, left.width());
    if (columns && join_type(left.schema()[columns->first].type, right.schema()[columns->second].type)) {
      left_on.push_back(Expression::column(left.schema()[columns->first].name));
      right_on.push_back(Expression::column(right.schema()[columns->second].name));
    } else {
      options.condition = options.condition ? Expression::binary(BinaryOperator::And, *options.condition, condition) : condition;
    }
  }
  return join(left, right, left_on, right_on, options, budget);
}

Result<DataFrame> join(const DataFrame& left, const DataFrame& right, std::span<const Expression> left_on,
                       std::span<const Expression> right_on,
                       const JoinOptions& options, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Join join, Join::make(left.schema(), right.schema(), left_on, right_on, options, 1, budget));
  if (is_for_small_left(left, right, options) && !left_on.empty()) return join_small_left(join, left, right, budget);
  HR_TRY(const DataFrame left_rows, with_long_chunks(left, budget));
  HR_TRY(const Chunk right_rows, chunk_of(right, budget));
  HR_CHECK(check_left(join, left, options, budget));
  HR_CHECK(join.add(0, 0, right_rows));
  HR_CHECK(join.finish());
  HR_TRY(std::vector<std::vector<Chunk>> found, probe_all(join, left_rows));
  found.emplace_back();
  HR_CHECK(join.unmatched([&](Chunk chunk) -> Result<void> {
    found.back().push_back(std::move(chunk));
    return {};
  }));
  std::vector<std::vector<Array>> arrays(join.schema().size());
  size_t height = 0;
  for (const std::vector<Chunk>& chunks : found) {
    for (const Chunk& chunk : chunks) {
      height += chunk.rows;
      for (size_t i = 0; i < arrays.size(); ++i) arrays[i].push_back(chunk.columns[i]);
    }
  }
  std::vector<Column> columns;
  for (size_t i = 0; i < arrays.size(); ++i) {
    HR_TRY(Column column, Column::make(join.schema()[i].type, std::move(arrays[i])));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(join.schema(), std::move(columns), height);
}

}  // namespace headrace::frame
