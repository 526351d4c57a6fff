#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "frame/columns/gather.h"
#include "frame/expressions/bound_expression.h"
#include "frame/expressions/pieces.h"
#include "frame/operators/reduction.h"
#include "frame/window.h"
#include "frame/windows/over.h"

namespace headrace::frame {

Result<DataFrame> select(const DataFrame& frame, std::span<const Expression> expressions, const std::shared_ptr<MemoryBudget>& budget) {
  if (std::ranges::any_of(expressions, has_window)) return select_windows(frame, expressions, budget);
  HR_TRY(const Reduction reduction, Reduction::bind(expressions, frame.schema()));
  std::vector<BoundExpression> bound;
  std::vector<Field> fields;
  for (const Expression& expression : expressions) {
    HR_TRY(BoundExpression one, reduction.bind(expression, frame.schema()));
    fields.push_back({expression.name(), one.type()});
    bound.push_back(std::move(one));
  }
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  const bool is_one_row = std::ranges::none_of(expressions, is_of_rows);
  HR_TRY(const std::vector<Array> reduced, reduction.evaluate(frame, is_one_row ? 1 : std::min(frame.height(), kPieceRows), budget));
  std::vector<Column> columns;
  if (is_one_row) {
    Chunk chunk{.columns = std::vector<Array>(frame.width()), .rows = 1};
    append(reduced, chunk);
    for (const BoundExpression& one : bound) {
      HR_TRY(Array array, one.evaluate(chunk, budget));
      columns.emplace_back(std::move(array));
    }
    return DataFrame::make(std::move(schema), std::move(columns), 1);
  }
  std::vector<bool> read(frame.width());
  for (const BoundExpression& one : bound) one.mark_columns(read);
  const std::vector<FrameRows> pieces = pieces_of(frame, read);
  std::vector<std::vector<Array>> arrays(bound.size(), std::vector<Array>(pieces.size()));
  HR_CHECK(each_piece(frame, read, pieces, [&](size_t piece, Chunk chunk) -> Result<void> {
    append(reduced, chunk);
    for (size_t i = 0; i < bound.size(); ++i) {
      HR_TRY(arrays[i][piece], bound[i].evaluate(chunk, budget));
    }
    return {};
  }));
  for (size_t i = 0; i < bound.size(); ++i) {
    HR_TRY(Column column, Column::make(bound[i].type(), std::move(arrays[i])));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(std::move(schema), std::move(columns), frame.height());
}

Result<DataFrame> with_columns(const DataFrame& frame, std::span<const Expression> expressions,
                               const std::shared_ptr<MemoryBudget>& budget) {
  // The frame's own columns as expressions, some of them replaced: literals are as long as the frame then.
  std::vector<Expression> all;
  for (const Field& field : frame.schema().fields()) all.push_back(Expression::column(field.name));
  std::vector<std::string> seen;
  for (const Expression& expression : expressions) {
    const std::string& name = expression.name();
    if (std::ranges::find(seen, name) != seen.end()) {
      return fail(ErrorKind::InvalidArgument, fmt::format("Two columns are named {:?}; give one another name by alias().", name), name);
    }
    seen.push_back(name);
    const auto index = frame.schema().index_of(name);
    if (index) {
      all[*index] = expression;
    } else {
      all.push_back(expression);
    }
  }
  return select(frame, all, budget);
}

Result<DataFrame> filter(const DataFrame& frame, const Expression& condition, const std::shared_ptr<MemoryBudget>& budget) {
  if (has_window(condition)) return filter_windows(frame, condition, budget);
  HR_TRY(const Reduction reduction, Reduction::bind({&condition, 1}, frame.schema()));
  HR_TRY(const BoundExpression bound, reduction.bind(condition, frame.schema()));
  if (bound.type().id() != TypeId::Bool && bound.type().id() != TypeId::Null) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{}: a condition must be Boolean and is {}.", to_string(condition), to_string(bound.type())));
  }
  HR_TRY(const std::vector<Array> reduced, reduction.evaluate(frame, std::min(frame.height(), kPieceRows), budget));
  const std::vector<bool> read(frame.width(), true);
  const std::vector<FrameRows> pieces = pieces_of(frame, read);
  std::vector<std::vector<Array>> arrays(frame.width(), std::vector<Array>(pieces.size()));
  std::vector<size_t> kept(pieces.size());
  HR_CHECK(each_piece(frame, read, pieces, [&](size_t piece, Chunk chunk) -> Result<void> {
    append(reduced, chunk);
    HR_TRY(const Array answer, bound.evaluate(chunk, budget));
    std::vector<uint64_t> rows;
    if (answer.type().id() == TypeId::Bool) {
      const Bitmap bits = answer.bits();
      for (size_t begin = 0; begin < chunk.rows; begin += 64) {
        uint64_t word = bits.word(begin) & (answer.validity().is_absent() ? ~uint64_t{0} : answer.validity().word(begin));
        for (; word != 0; word &= word - 1) rows.push_back(begin + static_cast<size_t>(std::countr_zero(word)));
      }
    }
    kept[piece] = rows.size();
    for (size_t i = 0; i < arrays.size(); ++i) {
      const bool all = rows.size() == chunk.rows;
      HR_TRY(arrays[i][piece], all ? Result<Array>(chunk.columns[i]) : gather(chunk.columns[i], rows, budget));
    }
    return {};
  }));
  size_t height = 0;
  for (const size_t rows : kept) height += rows;
  std::vector<Column> columns;
  for (size_t i = 0; i < arrays.size(); ++i) {
    HR_TRY(Column column, Column::make(frame.schema()[i].type, std::move(arrays[i])));
    columns.push_back(std::move(column));
  }
  return DataFrame::make(frame.schema(), std::move(columns), height);
}

}  // namespace headrace::frame
