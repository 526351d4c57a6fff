#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

#include "base/thread_pool.h"
#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/bound_expression.h"

namespace headrace::frame {
namespace {

/// Rows that are calculated at a time: enough that what each step costs beside them is little, few enough for the second cache level.
constexpr size_t kRows = size_t{16} << 10;

/// Where columns' chunks are cut: rows [begin, begin + rows) of the frame, within one chunk of each column if possible.
struct Piece {
  size_t begin, rows;
};

std::vector<Piece> pieces_of(const DataFrame& frame, const std::vector<bool>& read) {
  std::vector<size_t> ends{0};
  for (size_t i = 0; i < frame.width(); ++i) {
    size_t end = 0;
    if (!read[i]) continue;
    for (const Array& chunk : frame.columns()[i].chunks()) ends.push_back(end += chunk.size());
  }
  ends.push_back(frame.height());
  std::ranges::sort(ends);
  const auto again = std::ranges::unique(ends);
  ends.erase(again.begin(), again.end());
  std::vector<Piece> pieces;
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    for (size_t begin = ends[i]; begin < ends[i + 1]; begin += kRows) pieces.push_back({begin, std::min(kRows, ends[i + 1] - begin)});
  }
  return pieces;
}

Chunk chunk_of(const DataFrame& frame, const std::vector<bool>& read, const Piece& piece) {
  Chunk chunk{.columns = std::vector<Array>(frame.width()), .rows = piece.rows};
  for (size_t i = 0; i < frame.width(); ++i) {
    if (read[i]) chunk.columns[i] = frame.columns()[i].slice(piece.begin, piece.rows).chunks()[0];
  }
  return chunk;
}

/// Calls run(piece's number, its rows) for every piece, in parallel. Of several errors the first in the order of rows.
template <class Run>
Result<void> each_piece(const DataFrame& frame, const std::vector<bool>& read, const std::vector<Piece>& pieces, const Run& run) {
  std::mutex mutex;
  size_t failed_at = SIZE_MAX;
  Error error;
  ThreadPool::process().parallel_for(pieces.size(), 4, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Result<void> done = run(i, chunk_of(frame, read, pieces[i]));
      if (done) continue;
      const std::lock_guard lock(mutex);
      if (i < failed_at) failed_at = i, error = done.error();
      return;
    }
  });
  if (failed_at != SIZE_MAX) return std::unexpected(std::move(error));
  return {};
}

bool has_column(const Expression& expression) {
  if (std::holds_alternative<Expression::Column>(expression.kind())) return true;
  return std::ranges::any_of(expression.inputs(), has_column);
}

}  // namespace

Result<DataFrame> select(const DataFrame& frame, std::span<const Expression> expressions, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<BoundExpression> bound;
  std::vector<Field> fields;
  for (const Expression& expression : expressions) {
    HR_TRY(BoundExpression one, BoundExpression::bind(expression, frame.schema()));
    fields.push_back({expression.name(), one.type()});
    bound.push_back(std::move(one));
  }
  HR_TRY(Schema schema, Schema::make(std::move(fields)));
  std::vector<Column> columns;
  if (std::ranges::none_of(expressions, has_column)) {
    for (const BoundExpression& one : bound) {
      HR_TRY(Array array, one.evaluate({.columns = {}, .rows = 1}, budget));
      columns.emplace_back(std::move(array));
    }
    return DataFrame::make(std::move(schema), std::move(columns));
  }
  std::vector<bool> read(frame.width());
  for (const BoundExpression& one : bound) one.mark_columns(read);
  const std::vector<Piece> pieces = pieces_of(frame, read);
  std::vector<std::vector<Array>> arrays(bound.size(), std::vector<Array>(pieces.size()));
  HR_CHECK(each_piece(frame, read, pieces, [&](size_t piece, const Chunk& chunk) -> Result<void> {
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

Result<DataFrame> with_columns(const DataFrame& frame, std::span<const Expression> expressions, const std::shared_ptr<MemoryBudget>& budget) {
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
  HR_TRY(const BoundExpression bound, BoundExpression::bind(condition, frame.schema()));
  if (bound.type().id() != TypeId::Bool && bound.type().id() != TypeId::Null) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}: a condition must be Boolean and is {}.", to_string(condition), to_string(bound.type())));
  }
  const std::vector<bool> read(frame.width(), true);
  const std::vector<Piece> pieces = pieces_of(frame, read);
  std::vector<std::vector<Array>> arrays(frame.width(), std::vector<Array>(pieces.size()));
  std::vector<size_t> kept(pieces.size());
  HR_CHECK(each_piece(frame, read, pieces, [&](size_t piece, const Chunk& chunk) -> Result<void> {
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
