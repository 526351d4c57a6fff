#include "frame/group_by.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/pieces.h"
#include "frame/operators/aggregation.h"
#include "frame/operators/group_results.h"
#include "frame/operators/reduction.h"
#include "frame/windows/over.h"

namespace headrace::frame {
namespace {

std::vector<bool> columns_read(const DataFrame& frame, const std::vector<BoundExpression>& keys,
                               const std::vector<BoundAggregate>& aggregates) {
  std::vector<bool> read(frame.width());
  for (const BoundExpression& key : keys) key.mark_columns(read);
  for (const BoundAggregate& one : aggregates) {
    if (one.input) one.input->mark_columns(read);
  }
  return read;
}

/// All groups' results as a frame.
Result<DataFrame> frame_of(const GroupResults& results, const Aggregation& groups, const std::shared_ptr<MemoryBudget>& budget) {
  const Schema& schema = results.schema();
  std::vector<std::vector<Array>> arrays(schema.size(), std::vector<Array>(groups.chunks()));
  HR_CHECK(each_in_parallel(groups.chunks(), 1, [&](size_t index) -> Result<void> {
    HR_TRY(Chunk chunk, groups.chunk(index));
    HR_TRY(chunk, results.of(std::move(chunk), budget));
    for (size_t i = 0; i < arrays.size(); ++i) arrays[i][index] = std::move(chunk.columns[i]);
    return {};
  }));
  std::vector<Column> columns;
  for (size_t i = 0; i < arrays.size(); ++i) {
    HR_TRY(Column column, Column::make(schema[i].type, std::move(arrays[i])));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(schema, std::move(columns), groups.groups());
}

/// A column of the frame's row numbers behind its own, by a name that none has.
Result<DataFrame> with_row_numbers(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Field> fields(frame.schema().fields().begin(), frame.schema().fields().end());
  std::string name = "row";
  while (frame.schema().index_of(name)) name += '_';
  fields.push_back({name, TypeId::UInt64});
  HR_TRY(const Buffer numbers, Buffer::from_pool(frame.height() * 8, budget));
  std::iota(numbers.as<uint64_t>(), numbers.as<uint64_t>() + frame.height(), uint64_t{0});
  HR_TRY(Array column, Array::make({.type = TypeId::UInt64, .size = frame.height(), .values = numbers}));
  std::vector<Column> columns(frame.columns().begin(), frame.columns().end());
  columns.emplace_back(std::move(column));
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(schema), std::move(columns), frame.height());
}

/// The rows named, in chunks.
Result<DataFrame> rows_of(const DataFrame& frame, std::span<const uint64_t> rows, const std::shared_ptr<MemoryBudget>& budget) {
  const size_t chunks = (rows.size() + kPieceRows - 1) / kPieceRows;
  std::vector<Column> columns;
  for (size_t i = 0; i < frame.width(); ++i) {
    const DataType& type = frame.schema()[i].type;
    std::vector<Array> arrays(chunks);
    if (chunks > 0) {
      HR_TRY(const Array all, concatenate(frame.columns()[i].chunks(), budget));
      HR_CHECK(each_in_parallel(chunks, 1, [&](size_t chunk) -> Result<void> {
        const auto some = rows.subspan(chunk * kPieceRows, std::min(kPieceRows, rows.size() - chunk * kPieceRows));
        HR_TRY(arrays[chunk], gather(all, some, budget));
        return {};
      }));
    }
    HR_TRY(Column column, Column::make(type, std::move(arrays)));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(frame.schema(), std::move(columns), rows.size());
}

}  // namespace

Result<DataFrame> group_by(const DataFrame& frame, std::span<const Expression> keys, std::span<const Expression> expressions,
                           const std::shared_ptr<MemoryBudget>& budget) {
  if (keys.empty()) return fail(ErrorKind::InvalidArgument, "group_by needs a key at least; select() makes one row of all.");
  if (std::ranges::any_of(expressions, needs_whole_groups)) return group_whole(frame, keys, expressions, budget);
  HR_TRY(const GroupResults results, GroupResults::bind(keys, expressions, frame.schema()));
  const size_t workers = workers_for(frame);
  Aggregation groups(results.keys(), results.aggregates(), workers, budget);
  HR_CHECK(add_frame(frame, columns_read(frame, results.keys(), results.aggregates()), {}, workers, groups));
  HR_CHECK(groups.finish());
  return frame_of(results, groups, budget);
}

Result<Keep> keep_of(std::string_view name) {
  constexpr std::string_view kNames[] = {"first", "last", "any", "none"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<Keep>(i);
  }
  return fail(ErrorKind::InvalidArgument, fmt::format("{:?} says not which row is kept; first, last, any and none do.", name),
              std::string(name));
}

Result<DataFrame> unique(const DataFrame& frame, std::span<const std::string> subset, Keep keep,
                         const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(const DataFrame numbered, with_row_numbers(frame, budget));
  std::vector<Expression> keys;
  for (const std::string& name : subset) keys.push_back(Expression::column(name));
  const Expression number = Expression::column(numbered.schema()[frame.width()].name);
  const AggregateOperator which = keep == Keep::Last ? AggregateOperator::Max : AggregateOperator::Min;
  HR_TRY(std::vector<BoundExpression> bound, bind_keys(keys, numbered.schema()));
  HR_TRY(BoundAggregate row, BoundAggregate::bind(Expression::aggregate({.op = which}, number), numbered.schema()));
  HR_TRY(BoundAggregate count, BoundAggregate::bind(Expression::len(), numbered.schema()));
  std::vector<BoundAggregate> aggregates{std::move(row), std::move(count)};
  const std::vector<bool> read = columns_read(numbered, bound, aggregates);
  const size_t workers = workers_for(numbered);
  Aggregation groups(std::move(bound), std::move(aggregates), workers, budget);
  HR_CHECK(add_frame(numbered, read, {}, workers, groups));
  HR_CHECK(groups.finish());
  std::vector<uint64_t> rows;
  for (size_t i = 0; i < groups.chunks() && frame.height() > 0; ++i) {
    HR_TRY(const Chunk chunk, groups.chunk(i));
    const Array &kept = chunk.columns[subset.size()], &counts = chunk.columns[subset.size() + 1];
    for (size_t group = 0; group < chunk.rows; ++group) {
      if (keep != Keep::None || counts.data<uint32_t>()[group] == 1) rows.push_back(kept.data<uint64_t>()[group]);
    }
  }
  std::ranges::sort(rows);
  return rows_of(frame, rows, budget);
}

Result<size_t> n_unique(const DataFrame& frame, std::span<const Expression> expressions, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(std::vector<BoundExpression> bound, bind_keys(expressions, frame.schema()));
  const std::vector<bool> read = columns_read(frame, bound, {});
  const size_t workers = workers_for(frame);
  Aggregation groups(std::move(bound), {}, workers, budget);
  HR_CHECK(add_frame(frame, read, {}, workers, groups));
  HR_CHECK(groups.finish());
  return frame.height() == 0 ? 0 : groups.groups();
}

}  // namespace headrace::frame
