#include "frame/aggregates/types.h"

#include <fmt/format.h>

#include <utility>

namespace headrace::frame {
namespace {

using enum TypeId;

bool is_whole_or_bool(const DataType& type) { return type.is_integer() || type.id() == Bool; }

/// 8 and 16 bits are summed as Int64.
DataType type_of_sum(const DataType& input) {
  if (input.id() == Bool) return UInt32;
  if (input.is_integer() && input.value_bytes() <= 2) return Int64;
  if (input.id() == Decimal) return *DataType::decimal(DataType::kGreatestPrecision, input.scale());
  return input;
}

/// What a value between others is: a float, or a moment.
AggregateTypes types_between(const DataType& input) {
  if (input.id() == Float32 || input.id() == Null || input.id() == Datetime || input.id() == Duration) return {input, input};
  if (input.id() == Date) return {DataType::datetime(TimeUnit::Microsecond), DataType::datetime(TimeUnit::Microsecond)};
  return {Float64, Float64};
}

std::optional<AggregateTypes> types_if_any(const Expression::Aggregate& what, const DataType& input) {
  const bool is_number = is_whole_or_bool(input) || input.is_numeric();
  const bool is_span = input.id() == Duration, is_null = input.id() == Null;
  switch (what.op) {
    using enum AggregateOperator;
    case Len:
    case Count:
    case NullCount:
    case NUnique: return AggregateTypes{input, UInt32};
    case First:
    case Last: return AggregateTypes{input, input};
    case Implode: return AggregateTypes{input, DataType::list(input)};
    case Sum:
      if (!is_number && !is_span && !is_null) return std::nullopt;
      return AggregateTypes{input, type_of_sum(input)};
    case Mean:
      if (!is_number && !input.is_temporal() && !is_null) return std::nullopt;
      // Whole numbers and decimals are summed as they are.
      if (is_whole_or_bool(input) || input.id() == Decimal) return AggregateTypes{input, Float64};
      return types_between(input);
    case Min:
    case Max:
      if (input.id() == List || input.id() == Float16) return std::nullopt;
      return AggregateTypes{input, input};
    case Median:
    case Quantile:
      if (!is_number && !input.is_temporal() && !is_null) return std::nullopt;
      if (what.op == Quantile && (input.id() == Bool || is_null)) return std::nullopt;
      return types_between(input);
    case Std:
    case Var:
      if (!is_number && !is_null) return std::nullopt;
      return types_between(input);
    case Any:
    case All:
      if (!is_number && !is_null) return std::nullopt;
      return AggregateTypes{Bool, Bool};
    case Product:
      if (!is_number || input.id() == Decimal) return std::nullopt;
      if (input.is_float()) return AggregateTypes{input, input};
      return input.id() == UInt64 ? AggregateTypes{UInt64, UInt64} : AggregateTypes{Int64, Int64};
  }
  std::unreachable();
}

}  // namespace

Result<AggregateTypes> types_of(const Expression::Aggregate& what, const DataType& input) {
  auto types = types_if_any(what, input);
  if (!types) return fail(ErrorKind::InvalidArgument, fmt::format("{} has no {}; cast it", to_string(input), name(what.op)));
  return *std::move(types);
}

}  // namespace headrace::frame
