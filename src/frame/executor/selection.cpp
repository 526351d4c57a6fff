#include "frame/executor/selection.h"

#include <bit>
#include <utility>

#include "frame/columns/gather.h"

namespace headrace::frame {
namespace {

/// Rows of which an answer is true, of 64: `row` is the first of them.
uint64_t holding(const Array& answer, const Bitmap& bits, size_t row) {
  return bits.word(row) & (answer.validity().is_absent() ? ~uint64_t{0} : answer.validity().word(row));
}

/// The answer's rows for which it is true, each as `row_of` gives it.
template <class RowOf>
void append_holding(const Array& answer, std::vector<uint64_t>& rows, const RowOf& row_of) {
  if (answer.type().id() != TypeId::Bool) return;  // of type Null: none
  const Bitmap bits = answer.bits();
  for (size_t begin = 0; begin < answer.size(); begin += 64) {
    for (uint64_t word = holding(answer, bits, begin); word != 0; word &= word - 1) {
      rows.push_back(row_of(begin + static_cast<size_t>(std::countr_zero(word))));
    }
  }
}

}  // namespace

Result<Array> taken(const Array& column, const Selection& selection, const std::shared_ptr<MemoryBudget>& budget) {
  return selection.is_all ? Result<Array>(column) : gather(column, selection.rows, budget);
}

Result<Conditions> Conditions::bind(const std::vector<Expression>& conditions, const Schema& schema) {
  Conditions bound;
  for (const Expression& condition : conditions) {
    HR_TRY(BoundExpression expression, BoundExpression::bind(condition, schema));
    std::vector<bool> read(schema.size());
    expression.mark_columns(read);
    std::vector<size_t> columns;
    for (size_t i = 0; i < read.size(); ++i) {
      if (read[i]) columns.push_back(i);
    }
    bound.all_.push_back({std::move(expression), std::move(columns)});
  }
  return bound;
}

Result<void> Conditions::narrow(const One& one, const Chunk& chunk, Selection& selection, const std::shared_ptr<MemoryBudget>& budget) {
  std::vector<uint64_t> rows;
  if (selection.is_all) {
    HR_TRY(const Array answer, one.expression.evaluate(chunk, budget));
    rows.reserve(chunk.rows);
    append_holding(answer, rows, [](uint64_t row) { return row; });
    selection.is_all = rows.size() == chunk.rows;
  } else {
    Chunk left{.columns = std::vector<Array>(chunk.columns.size()), .rows = selection.rows.size()};
    for (const size_t column : one.columns) {
      HR_TRY(left.columns[column], gather(chunk.columns[column], selection.rows, budget));
    }
    HR_TRY(const Array answer, one.expression.evaluate(left, budget));
    append_holding(answer, rows, [&](uint64_t row) { return selection.rows[row]; });
  }
  selection.rows = std::move(rows);
  return {};
}

Result<Selection> Conditions::select(Chunk& chunk, const std::function<Result<void>(size_t)>& load,
                                     const std::shared_ptr<MemoryBudget>& budget) const {
  Selection selection;
  for (const One& one : all_) {
    if (selection.size(chunk.rows) == 0) break;
    for (const size_t column : one.columns) HR_CHECK(load(column));
    HR_CHECK(narrow(one, chunk, selection, budget));
  }
  return selection;
}

}  // namespace headrace::frame
