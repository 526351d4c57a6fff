#include "frame/windows/over.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/pieces.h"
#include "frame/operators/gather_rows.h"
#include "frame/operators/group_results.h"
#include "frame/window.h"

namespace headrace::frame {
namespace {

/// The rows named, in parallel.
Result<Column> gather_in_pieces(const Array& array, std::span<const uint64_t> rows,
                                const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<Array> pieces((rows.size() + kPieceRows - 1) / kPieceRows);
  HR_CHECK(each_in_parallel(pieces.size(), 1, [&](size_t piece) -> Result<void> {
    HR_TRY(pieces[piece],
           gather(array, rows.subspan(piece * kPieceRows, std::min(kPieceRows, rows.size() - piece * kPieceRows)),
                  budget));
    return {};
  }));
  return Column::make(array.type(), std::move(pieces));
}

/// The columns that are read of some rows.
Result<Chunk> chunk_of_rows(const Chunk& chunk, const std::vector<bool>& read, std::span<const uint64_t> rows,
                            const std::shared_ptr<MemoryBudget>& budget) {
  Chunk some{.columns = std::vector<Array>(chunk.columns.size()), .rows = rows.size()};
  for (size_t i = 0; i < chunk.columns.size(); ++i) {
    if (!read[i]) continue;
    HR_TRY(some.columns[i], gather(chunk.columns[i], rows, budget));
  }
  return some;
}

std::shared_ptr<const Starts> one_group(size_t rows) { return std::make_shared<const Starts>(Starts{0, rows}); }

/// Lists of each group's values.
Result<Array> lists_of(Values values, const std::shared_ptr<MemoryBudget>& budget) {
  const Starts& starts = *values.starts;
  HR_TRY(Buffer offsets, Buffer::allocate(starts.size() * sizeof(int64_t), budget));
  std::ranges::transform(starts, offsets.as<int64_t>(), [](uint64_t start) { return static_cast<int64_t>(start); });
  return Array::make({.type = DataType::list(values.array.type()),
                      .size = starts.size() - 1,
                      .values = std::move(offsets),
                      .child = std::make_shared<const Array>(std::move(values.array)),
                      .nulls = 0});
}

}  // namespace

Result<Array> group_numbers(const Starts& starts, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Buffer numbers, Buffer::allocate(starts.back() * sizeof(uint32_t), budget));
  std::ranges::copy(groups_of(starts), numbers.as<uint32_t>());
  return Array::make({.type = TypeId::UInt32, .size = starts.back(), .values = std::move(numbers), .nulls = 0});
}

Result<Array> over_parts(const Context& context, const std::vector<PartitionPart>& parts, const std::vector<bool>& read,
                         const std::function<Result<Values>(const Context&)>& evaluate, const std::string& text) {
  std::vector<Values> made(parts.size());
  HR_CHECK(each_in_parallel(parts.size(), 1, [&](size_t i) -> Result<void> {
    HR_TRY(const Chunk chunk, chunk_of_rows(context.chunk, read, parts[i].rows, context.budget));
    HR_TRY(made[i], evaluate({.chunk = chunk, .starts = parts[i].starts, .budget = context.budget}));
    if (made[i].starts && *made[i].starts != *parts[i].starts) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("{}: a partition's values are other in number than its rows.", text));
    }
    return {};
  }));
  const size_t rows = context.starts->back();
  HR_TRY(const Buffer places, Buffer::allocate(rows * sizeof(uint64_t), context.budget));
  auto* place = places.as<uint64_t>();
  std::vector<Array> arrays;
  uint64_t offset = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Starts& starts = *parts[i].starts;
    for (size_t group = 0; group + 1 < starts.size(); ++group) {
      for (uint64_t row = starts[group]; row < starts[group + 1]; ++row)
        place[parts[i].rows[row]] = offset + (made[i].starts ? row : group);
    }
    offset += made[i].array.size();
    arrays.push_back(std::move(made[i].array));
  }
  HR_TRY(const Array all, concatenate(arrays, context.budget));
  HR_TRY(const Column column, gather_in_pieces(all, {place, rows}, context.budget));
  return contiguous(column, context.budget);
}

Result<Chunk> whole_chunk(const DataFrame& frame, const std::vector<bool>& read,
                          const std::shared_ptr<MemoryBudget>& budget) {
  Chunk chunk{.columns = std::vector<Array>(frame.width()), .rows = frame.height()};
  for (size_t i = 0; i < frame.width(); ++i) {
    if (!read[i]) continue;
    HR_TRY(chunk.columns[i], contiguous(frame.columns()[i], budget));
  }
  return chunk;
}

namespace {

/// An expression with windows, of a whole frame.
Result<Values> whole_values(const DataFrame& frame, const ContextExpression& expression,
                            const std::shared_ptr<MemoryBudget>& budget, const std::function<bool()>& is_cancelled) {
  std::vector<bool> read(frame.width());
  expression.mark_columns(read);
  HR_TRY(const Chunk chunk, whole_chunk(frame, read, budget));
  return expression.evaluate({.chunk = chunk,
                              .starts = one_group(frame.height()),
                              .budget = budget,
                              .is_outermost = true,
                              .is_cancelled = is_cancelled});
}

/// A column, or one value, of what was selected.
struct Selected {
  Column column;
  bool is_of_rows = false;
};

/// The columns of one length: single values stand in every row.
Result<DataFrame> of_one_length(Schema schema, std::vector<Selected> selected,
                                const std::shared_ptr<MemoryBudget>& budget) {
  const auto first = std::ranges::find(selected, true, &Selected::is_of_rows);
  const size_t height = first == selected.end() ? 1 : first->column.size();
  std::vector<Column> columns;
  for (size_t i = 0; i < selected.size(); ++i) {
    Selected& one = selected[i];
    if (one.is_of_rows && one.column.size() != height) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("{:?} has {} rows, where {:?} has {}.", schema[i].name, one.column.size(),
                              schema[static_cast<size_t>(first - selected.begin())].name, height));
    }
    if (!one.is_of_rows) {
      HR_TRY(const Array value, contiguous(one.column, budget));
      HR_TRY(one.column, gather_in_pieces(value, std::vector<uint64_t>(height), budget));
    }
    columns.push_back(std::move(one.column));
  }
  return DataFrame::make(std::move(schema), std::move(columns), height);
}

}  // namespace

Result<DataFrame> select_windows(const DataFrame& frame, std::span<const Expression> expressions,
                                 const std::shared_ptr<MemoryBudget>& budget,
                                 const std::function<bool()>& is_cancelled) {
  std::vector<Field> fields(expressions.size());
  std::vector<Selected> selected(expressions.size());
  std::vector<Expression> others;
  for (size_t i = 0; i < expressions.size(); ++i) {
    fields[i].name = expressions[i].name();
    if (!has_window(expressions[i])) {
      others.push_back(expressions[i].alias(std::to_string(i)));
      continue;
    }
    HR_TRY(const ContextExpression bound, ContextExpression::bind(expressions[i], frame.schema()));
    HR_TRY(Values values, whole_values(frame, bound, budget, is_cancelled));
    selected[i] = {.column = Column(std::move(values.array)), .is_of_rows = values.starts != nullptr};
    HR_TRY(selected[i].column,
           Column::make(bound.type(), {selected[i].column.chunks().begin(), selected[i].column.chunks().end()}));
    fields[i].type = bound.type();
  }
  if (!others.empty()) {
    HR_TRY(const DataFrame rest, select(frame, others, budget));
    size_t next = 0;
    const bool is_one_row = std::ranges::none_of(others, is_of_rows);
    for (size_t i = 0; i < expressions.size(); ++i) {
      if (has_window(expressions[i])) continue;
      fields[i].type = rest.schema()[next].type;
      selected[i] = {.column = rest.columns()[next++], .is_of_rows = !is_one_row};
    }
  }
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  return of_one_length(std::move(schema), std::move(selected), budget);
}

namespace {

/// The frame with a last column of a condition's answers, which has a name that no other has.
Result<DataFrame> with_answers(const DataFrame& frame, const Expression& condition,
                               const std::shared_ptr<MemoryBudget>& budget, const std::function<bool()>& is_cancelled) {
  HR_TRY(const ContextExpression bound, ContextExpression::bind(condition, frame.schema()));
  if (bound.type().id() != TypeId::Bool && bound.type().id() != TypeId::Null) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}: a condition must be Boolean and is {}.",
                                                        to_string(condition), to_string(bound.type())));
  }
  HR_TRY(const Values values, whole_values(frame, bound, budget, is_cancelled));
  HR_TRY(Array answers, rows_of(values, {0, frame.height()}, budget));
  if (answers.size() != frame.height()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}: it has {} rows, where the frame has {}.",
                                                        to_string(condition), answers.size(), frame.height()));
  }
  std::vector<Field> fields(frame.schema().fields().begin(), frame.schema().fields().end());
  std::string name = "answer";
  while (frame.schema().index_of(name)) name += '_';
  fields.push_back({name, answers.type()});
  std::vector<Column> columns(frame.columns().begin(), frame.columns().end());
  columns.emplace_back(std::move(answers));
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  return DataFrame::make(std::move(schema), std::move(columns), frame.height());
}

}  // namespace

Result<DataFrame> filter_windows(const DataFrame& frame, const Expression& condition,
                                 const std::shared_ptr<MemoryBudget>& budget,
                                 const std::function<bool()>& is_cancelled) {
  HR_TRY(const DataFrame answered, with_answers(frame, condition, budget, is_cancelled));
  HR_TRY(const DataFrame kept, filter(answered, Expression::column(answered.schema()[frame.width()].name), budget));
  return DataFrame::make(frame.schema(), {kept.columns().begin(), kept.columns().end() - 1}, kept.height());
}

bool needs_whole_groups(const Expression& expression) {
  if (has_window(expression) || (is_of_rows(expression) && has_aggregate(expression))) return true;
  const bool is_aggregate = std::holds_alternative<Expression::Aggregate>(expression.kind());
  return std::ranges::any_of(expression.inputs(), [&](const Expression& input) {
    return (is_aggregate && has_aggregate(input)) || needs_whole_groups(input);
  });
}

namespace {

/// What the values of groups are as a column: rows come together as lists.
DataType type_of_groups(const ContextExpression& expression) {
  return expression.is_of_rows() ? DataType::list(expression.type()) : expression.type();
}

/// What a part of the groups gives.
struct GroupColumns {
  std::vector<uint64_t> first_rows;
  std::vector<Array> columns;
};

Result<GroupColumns> columns_of(const PartitionPart& part, const Chunk& chunk, const std::vector<bool>& read,
                                std::span<const ContextExpression> expressions,
                                const std::shared_ptr<MemoryBudget>& budget) {
  GroupColumns out;
  for (size_t group = 0; group + 1 < part.starts->size(); ++group)
    out.first_rows.push_back(part.rows[(*part.starts)[group]]);
  HR_TRY(const Chunk some, chunk_of_rows(chunk, read, part.rows, budget));
  for (const ContextExpression& expression : expressions) {
    HR_TRY(Values values, expression.evaluate({.chunk = some, .starts = part.starts, .budget = budget}));
    if (values.starts) {
      HR_TRY(values.array, lists_of(std::move(values), budget));
    }
    out.columns.push_back(std::move(values.array));
  }
  return out;
}

/// The groups of all parts in the order of their first rows: as numbers in the parts' order, and those rows.
std::pair<std::vector<uint64_t>, std::vector<uint64_t>> order_of(const std::vector<GroupColumns>& parts) {
  std::vector<std::pair<uint64_t, uint64_t>> all;
  for (const GroupColumns& part : parts) {
    for (const uint64_t row : part.first_rows) all.emplace_back(row, all.size());
  }
  std::ranges::sort(all);
  std::pair<std::vector<uint64_t>, std::vector<uint64_t>> out;
  for (const auto& [row, number] : all) {
    out.first.push_back(number);
    out.second.push_back(row);
  }
  return out;
}

}  // namespace

Result<Schema> schema_of_groups(std::span<const Expression> keys, std::span<const Expression> expressions,
                                const Schema& schema) {
  HR_TRY(const std::vector<BoundExpression> bound, bind_keys(keys, schema));
  std::vector<Field> fields;
  for (size_t i = 0; i < keys.size(); ++i) fields.push_back({keys[i].name(), bound[i].type()});
  for (const Expression& expression : expressions) {
    HR_TRY(const ContextExpression one, ContextExpression::bind(expression, schema));
    fields.push_back({expression.name(), type_of_groups(one)});
  }
  return Schema::make(std::move(fields));
}

Result<DataFrame> group_whole(const DataFrame& frame, std::span<const Expression> keys,
                              std::span<const Expression> expressions, const std::shared_ptr<MemoryBudget>& budget) {
  HR_TRY(Schema schema, schema_of_groups(keys, expressions, frame.schema()));
  HR_TRY(const std::vector<BoundExpression> bound_keys, bind_keys(keys, frame.schema()));
  std::vector<ContextExpression> bound;
  std::vector<bool> read(frame.width()), keys_read(frame.width());
  for (const Expression& expression : expressions) {
    HR_TRY(ContextExpression one, ContextExpression::bind(expression, frame.schema()));
    one.mark_columns(read);
    bound.push_back(std::move(one));
  }
  for (const BoundExpression& key : bound_keys) key.mark_columns(keys_read);
  std::vector<bool> any(frame.width());
  for (size_t i = 0; i < any.size(); ++i) any[i] = read[i] || keys_read[i];
  HR_TRY(const Chunk chunk, whole_chunk(frame, any, budget));
  std::vector<Array> key_arrays;
  for (const BoundExpression& key : bound_keys) {
    HR_TRY(Array array, key.evaluate(chunk, budget));
    key_arrays.push_back(std::move(array));
  }
  HR_TRY(const std::vector<PartitionPart> parts, partition(key_arrays, frame.height(), {}, {}, budget));
  std::vector<GroupColumns> made(parts.size());
  HR_CHECK(each_in_parallel(parts.size(), 1, [&](size_t i) -> Result<void> {
    HR_TRY(made[i], columns_of(parts[i], chunk, read, bound, budget));
    return {};
  }));
  const auto [order, first_rows] = order_of(made);
  std::vector<Column> columns;
  for (const Array& key : key_arrays) {
    HR_TRY(Column column, gather_in_pieces(key, first_rows, budget));
    columns.push_back(std::move(column));
  }
  for (size_t i = 0; i < bound.size(); ++i) {
    std::vector<Array> arrays;
    for (GroupColumns& part : made) arrays.push_back(std::exchange(part.columns[i], Array()));
    HR_TRY(const Array all, concatenate(arrays, budget));
    HR_TRY(Column column, gather_in_pieces(all, order, budget));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(std::move(schema), std::move(columns), order.size());
}

}  // namespace headrace::frame
