#include "frame/executor/row_group_pruning.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "frame/parquet/statistics.h"
#include "frame/plan/rewrite.h"

namespace headrace::frame {
namespace {

using enum BinaryOperator;

/// The operator with its sides exchanged.
BinaryOperator turned(BinaryOperator op) {
  switch (op) {
    case Less: return Greater;
    case LessEqual: return GreaterEqual;
    case Greater: return Less;
    case GreaterEqual: return LessEqual;
    default: return op;
  }
}

bool is_nan(const Scalar& value) { return !value.is_null() && value.type().is_float() && std::isnan(value.as_float()); }

/// Whether an expression of one column holds for a value of it; true if that cannot be told.
bool may_hold_for(const BoundExpression& expression, const Array& value, size_t column, size_t width) {
  Chunk chunk{.columns = std::vector<Array>(width), .rows = 1};
  chunk.columns[column] = value;
  const auto answer = expression.evaluate(chunk, process_budget());
  return !answer || answer->type().id() != TypeId::Bool || !answer->is_valid(0) || answer->bits()[0];
}

}  // namespace

RowGroupPruning::RowGroupPruning(const std::vector<Expression>& conditions, const Schema& schema) : schema_(schema) {
  for (const Expression& condition : conditions) parts_.push_back(part_of(condition));
}

RowGroupPruning::Part RowGroupPruning::part_of(const Expression& condition) const {
  const Expression& bare = without_alias(condition);
  const auto column_of = [&](const Expression& expression) -> std::optional<size_t> {
    const auto* column = std::get_if<Expression::Column>(&without_alias(expression).kind());
    const auto index = column == nullptr ? Result<size_t>(std::unexpect) : schema_.index_of(column->name);
    return index ? std::optional(*index) : std::nullopt;
  };
  if (const auto* unary = std::get_if<Expression::Unary>(&bare.kind())) {
    const auto column = column_of(bare.inputs()[0]);
    if (column && unary->op == UnaryOperator::IsNull) return {.kind = Part::Kind::IsNull, .column = *column};
    if (column && unary->op == UnaryOperator::IsNotNull) return {.kind = Part::Kind::IsNotNull, .column = *column};
    return {};
  }
  const auto* binary = std::get_if<Expression::Binary>(&bare.kind());
  if (binary == nullptr) return {};
  if (binary->op == And || binary->op == Or) {
    return {.kind = binary->op == And ? Part::Kind::All : Part::Kind::Any, .parts = {part_of(bare.inputs()[0]), part_of(bare.inputs()[1])}};
  }
  const auto left = column_of(bare.inputs()[0]), right = column_of(bare.inputs()[1]);
  if (left && !right) return comparison(bare, binary->op);
  if (right && !left) return comparison(Expression::binary(binary->op, bare.inputs()[1], bare.inputs()[0]), turned(binary->op));
  return {};
}

/// Of a column, on the left, with a literal. Casts of either side keep the order of values, if not their differences.
RowGroupPruning::Part RowGroupPruning::comparison(const Expression& condition, BinaryOperator op) const {
  const Expression& column = without_alias(condition.inputs()[0]);
  const Expression& value = without_alias(condition.inputs()[1]);
  const auto* literal = std::get_if<Expression::Literal>(&value.kind());
  if (literal == nullptr || literal->value.is_null() || is_nan(literal->value)) return {};
  Part part{.kind = Part::Kind::Compare, .column = *schema_.index_of(std::get<Expression::Column>(column.kind()).name)};
  const auto bound = [&](BinaryOperator with) -> std::optional<BoundExpression> {
    auto made = BoundExpression::bind(Expression::binary(with, column, value), schema_);
    return made ? std::optional(*std::move(made)) : std::nullopt;
  };
  const bool has_nan = schema_[part.column].type.is_float();
  switch (op) {
    case Less:
    case LessEqual: part.least = bound(op); break;
    case Equal:
    case EqualMissing:
      part.least = bound(LessEqual);
      part.greatest = bound(GreaterEqual);
      break;
    case Greater:
    case GreaterEqual:
      if (has_nan) return {};
      part.greatest = bound(op);
      break;
    case NotEqual:
      if (has_nan) return {};
      part.least = part.greatest = bound(op);
      part.of_both = true;
      break;
    default: return {};
  }
  return part;
}

bool RowGroupPruning::may_compare(const Part& part, const parquet::OpenFile& file, size_t group, const std::vector<size_t>& columns) {
  const parquet::Leaf& leaf = file.leaf(columns[part.column]);
  const parquet::RowGroup& rows = file.metadata().row_groups[group];
  const parquet::Statistics& statistics = rows.columns[leaf.chunk].statistics;
  // Null fulfils no comparison with a value.
  if (leaf.lists.empty() && statistics.nulls && *statistics.nulls == rows.rows) return false;
  const auto holds = [&](const std::optional<BoundExpression>& expression, const std::optional<std::string>& bytes) {
    if (!expression) return true;
    const auto value = parquet::bound_of(leaf, bytes);
    return !value || may_hold_for(*expression, *value, part.column, columns.size());
  };
  const bool least = holds(part.least, statistics.least), greatest = holds(part.greatest, statistics.greatest);
  return part.of_both ? least || greatest : least && greatest;
}

bool RowGroupPruning::may_hold(const Part& part, const parquet::OpenFile& file, size_t group, const std::vector<size_t>& columns) {
  const auto inner = [&](const Part& one) { return may_hold(one, file, group, columns); };
  switch (part.kind) {
    case Part::Kind::All: return std::ranges::all_of(part.parts, inner);
    case Part::Kind::Any: return std::ranges::any_of(part.parts, inner);
    case Part::Kind::Compare: return may_compare(part, file, group, columns);
    case Part::Kind::IsNull:
    case Part::Kind::IsNotNull: {
      const parquet::Leaf& leaf = file.leaf(columns[part.column]);
      const parquet::RowGroup& rows = file.metadata().row_groups[group];
      const auto nulls = rows.columns[leaf.chunk].statistics.nulls;
      // Of lists the nulls are counted that are in them.
      if (!nulls || !leaf.lists.empty()) return true;
      return part.kind == Part::Kind::IsNull ? *nulls != 0 : *nulls != rows.rows;
    }
    case Part::Kind::Unknown: return true;
  }
  std::unreachable();
}

bool RowGroupPruning::may_hold(const parquet::OpenFile& file, size_t group, const std::vector<size_t>& columns) const {
  return std::ranges::all_of(parts_, [&](const Part& part) { return may_hold(part, file, group, columns); });
}

}  // namespace headrace::frame
