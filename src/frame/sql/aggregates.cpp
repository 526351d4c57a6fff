#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "frame/sql/functions.h"

namespace headrace::frame::sql {
namespace {

using Op = AggregateOperator;

Expression of(Op op, const Expression& input) { return Expression::aggregate({.op = op}, input); }
Expression of(const Expression::Aggregate& what, const Expression& input) { return Expression::aggregate(what, input); }
Expression wide(const Expression& count) { return Expression::cast(count, TypeId::Int64, true); }

/// SQL's sum of no values is null, and not 0.
Expression null_of_nothing(const Expression& aggregate, const Value& input) {
  const Expression count = input.nullable ? of(Op::Count, input.expression) : Expression::len();
  const auto some = Expression::binary(BinaryOperator::Greater, count, Expression::literal(Scalar::of(int64_t{0})));
  return Expression::when(some, aggregate, Expression::literal(Scalar()));
}

/// Of whole numbers in 38 digits, as DuckDB's HUGEINT.
Result<Expression> sum(const Values& values, const Value& input) {
  Value number = input;
  const bool is_whole = input.type.is_integer() || input.type.id() == TypeId::Bool;
  if (is_whole && input.type != DataType(TypeId::Int64) && input.type != DataType(TypeId::UInt64)) {
    HR_TRY(number, values.cast(input, TypeId::Int64, false));
  }
  if (number.type.id() == TypeId::Float32) {
    HR_TRY(number, values.cast(input, TypeId::Float64, false));
  }
  if (!number.type.is_numeric()) {
    return fail(ErrorKind::InvalidArgument, fmt::format("sum() is of numbers, and this is {}.", to_string(input.type)));
  }
  Expression total = of(Op::Sum, number.expression);
  if (is_whole) total = Expression::cast(total, *DataType::decimal(DataType::kGreatestPrecision, 0), true);
  return null_of_nothing(total, number);
}

Result<Expression> count_distinct(const Value& input) {
  const Expression all = wide(of(Op::NUnique, input.expression));
  if (!input.nullable) return all;
  // Null counts as a value there.
  const auto zero = Expression::literal(Scalar::of(int64_t{0})), one = Expression::literal(Scalar::of(int64_t{1}));
  const auto has_null = Expression::binary(BinaryOperator::Greater, wide(of(Op::NullCount, input.expression)), zero);
  return Expression::when(has_null, Expression::binary(BinaryOperator::Subtract, all, one), all);
}

struct Plain {
  std::string_view name;
  Expression::Aggregate what;
};
const Plain kPlain[] = {
    {"min", {.op = Op::Min}}, {"max", {.op = Op::Max}}, {"first", {.op = Op::First}}, {"last", {.op = Op::Last}},
    {"arbitrary", {.op = Op::First}}, {"list", {.op = Op::Implode}}, {"array_agg", {.op = Op::Implode}}};
const Plain kOfFloats[] = {
    {"avg", {.op = Op::Mean}}, {"mean", {.op = Op::Mean}}, {"stddev", {.op = Op::Std}}, {"stddev_samp", {.op = Op::Std}},
    {"stddev_pop", {.op = Op::Std, .ddof = 0}}, {"variance", {.op = Op::Var}}, {"var_samp", {.op = Op::Var}},
    {"var_pop", {.op = Op::Var, .ddof = 0}}, {"median", {.op = Op::Median}}};
constexpr std::string_view kOthers[] = {"count", "count_star", "sum", "bool_and", "bool_or", "any_value"};

const Plain* find(std::span<const Plain> entries, const std::string& name) {
  const auto found = std::ranges::find(entries, name, &Plain::name);
  return found == entries.end() ? nullptr : &*found;
}

/// The value where the filter holds, else null.
Result<Value> filtered(const Values& values, const Value& input, const std::optional<Value>& filter) {
  if (!filter) return input;
  HR_TRY(Value made, values.when(*filter, input, Values::literal(Scalar::null(input.type))));
  made.nullable = true;
  return made;
}

}  // namespace

bool is_aggregate(const std::string& name) {
  return find(kPlain, name) != nullptr || find(kOfFloats, name) != nullptr || std::ranges::find(kOthers, name) != std::end(kOthers);
}

bool counts(const std::string& name) { return name == "count" || name == "count_star"; }

Result<Expression> aggregate(const Values& values, const std::string& name, const std::vector<Value>& inputs, bool distinct,
                             const std::optional<Value>& filter) {
  if (counts(name) && inputs.empty()) {
    if (!filter) return wide(Expression::len());
    HR_TRY(const Value one, filtered(values, Values::boolean(true), filter));
    return wide(of(Op::Count, one.expression));
  }
  if (inputs.size() != 1) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}() takes one argument and not {}.", name, inputs.size()));
  }
  HR_TRY(const Value input, filtered(values, inputs[0], filter));
  if (name == "count") {
    if (distinct) return count_distinct(input);
    return wide(input.nullable ? of(Op::Count, input.expression) : Expression::len());
  }
  const bool is_extreme = name == "min" || name == "max" || name == "bool_and" || name == "bool_or";
  if (distinct && !is_extreme) return fail(ErrorKind::Unsupported, fmt::format("{}(DISTINCT …) is not supported.", name));
  if (name == "sum") return sum(values, input);
  if (name == "bool_and" || name == "bool_or") {
    return null_of_nothing(of(name == "bool_and" ? Op::All : Op::Any, input.expression), input);
  }
  if (name == "any_value") return of(Op::Max, input.expression);
  if (const Plain* plain = find(kPlain, name)) return of(plain->what, input.expression);
  const Plain* floating = find(kOfFloats, name);
  const bool is_time = input.type.is_temporal();
  if (is_time) return of(floating->what, input.expression);
  HR_TRY(const Value number, values.cast(input, TypeId::Float64, false));
  // The exact mean of decimals is that of their whole numbers.
  const Value& used = floating->what.op == Op::Mean && input.type.is_numeric() ? input : number;
  return Expression::cast(of(floating->what, used.expression), TypeId::Float64, true);
}

}  // namespace headrace::frame::sql
