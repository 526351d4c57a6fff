#include "frame/expressions/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace headrace::frame {
namespace {

int bits_of(const DataType& type) { return static_cast<int>(type.value_bytes()) * 8; }

DataType integer_of(int bits, bool is_signed) {
  switch (bits) {
    case 8: return is_signed ? TypeId::Int8 : TypeId::UInt8;
    case 16: return is_signed ? TypeId::Int16 : TypeId::UInt16;
    case 32: return is_signed ? TypeId::Int32 : TypeId::UInt32;
    default: return is_signed ? TypeId::Int64 : TypeId::UInt64;
  }
}

DataType decimal(int scale) { return *DataType::decimal(DataType::kGreatestPrecision, scale); }

/// Of two integers. Signed beside UInt64: no integer here holds both, a decimal does.
DataType common_integer(const DataType& left, const DataType& right) {
  const bool left_signed = left.is_signed_integer(), right_signed = right.is_signed_integer();
  if (left_signed == right_signed) return integer_of(std::max(bits_of(left), bits_of(right)), left_signed);
  const int signed_bits = bits_of(left_signed ? left : right), unsigned_bits = bits_of(left_signed ? right : left);
  if (unsigned_bits == 64) return decimal(0);
  return integer_of(std::max(signed_bits, unsigned_bits * 2), true);
}

/// Of a float and a number that is none: Float32 holds all of 8 and 16 bits.
DataType common_float(const DataType& floating, const DataType& other) {
  const bool holds = other.is_integer() && bits_of(other) <= 16;
  return floating.id() == TypeId::Float32 && holds ? TypeId::Float32 : TypeId::Float64;
}

/// Of decimals: all digits of both.
DataType common_decimal(const DataType& left, const DataType& right) {
  const int scale = std::max(left.scale(), right.scale());
  const int whole = std::max(left.precision() - left.scale(), right.precision() - right.scale());
  return *DataType::decimal(std::min(DataType::kGreatestPrecision, whole + scale), scale);
}

DataType decimal_of(const DataType& type) {
  if (type.id() == TypeId::Decimal) return type;
  constexpr int kDigits[] = {3, 5, 10, 20};
  return *DataType::decimal(kDigits[bits_of(type) == 8 ? 0 : bits_of(type) == 16 ? 1 : bits_of(type) == 32 ? 2 : 3], 0);
}

DataType common_number(const DataType& left, const DataType& right) {
  if (left.is_integer() && right.is_integer()) return common_integer(left, right);
  if (left.is_float() && right.is_float()) return left.id() == right.id() ? left : DataType(TypeId::Float64);
  if (left.is_float()) return common_float(left, right);
  if (right.is_float()) return common_float(right, left);
  return common_decimal(decimal_of(left), decimal_of(right));
}

OperatorTypes types(DataType left, DataType right, DataType result, std::optional<DataType> after = {}) {
  return {std::move(left), std::move(right), std::move(result), std::move(after)};
}

std::unexpected<Error> no_such(BinaryOperator op, const DataType& left, const DataType& right) {
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{} {} {} means nothing; cast one of them", to_string(left), symbol(op), to_string(right)));
}

TimeUnit coarser(const DataType& left, const DataType& right) { return std::min(left.unit(), right.unit()); }

/// A date is a moment where it meets one, or a span of time.
DataType as_moment(const DataType& type, TimeUnit unit) { return type.id() == TypeId::Date ? DataType::datetime(unit) : type; }

Result<OperatorTypes> of_times(BinaryOperator op, const DataType& left, const DataType& right) {
  using enum BinaryOperator;
  const auto is_moment = [](const DataType& type) { return type.id() == TypeId::Date || type.id() == TypeId::Datetime; };
  const bool left_span = left.id() == TypeId::Duration, right_span = right.id() == TypeId::Duration;
  if (op == Subtract && is_moment(left) && is_moment(right)) {
    const DataType one = as_moment(left, right.unit()), other = as_moment(right, left.unit());
    if (one.zone() != other.zone()) return no_such(op, left, right);
    const DataType moment = DataType::datetime(coarser(one, other), one.zone());
    return types(moment, moment, DataType::duration(moment.unit()));
  }
  if (left_span && right_span && (op == Add || op == Subtract)) {
    const DataType span = DataType::duration(coarser(left, right));
    return types(span, span, span);
  }
  if (left_span && right_span && op == Divide) {
    if (left != right) return no_such(op, left, right);
    return types(TypeId::Float64, TypeId::Float64, TypeId::Float64);
  }
  if ((op == Add || op == Subtract) && is_moment(left) && right_span) {
    const DataType one = as_moment(left, right.unit()), moment = DataType::datetime(coarser(one, right), one.zone());
    const bool is_date = left.id() == TypeId::Date;
    return types(moment, DataType::duration(moment.unit()), moment, is_date ? std::optional(left) : std::nullopt);
  }
  if (op == Add && left_span && is_moment(right)) {
    HR_TRY(OperatorTypes turned, of_times(op, right, left));
    std::swap(turned.left, turned.right);
    return turned;
  }
  return no_such(op, left, right);
}

Result<OperatorTypes> of_decimals(BinaryOperator op, const DataType& left, const DataType& right) {
  using enum BinaryOperator;
  if (op == Multiply) {
    // Nothing is rounded: digits and places add up. More than 38 digits are an error where they occur.
    const int scale = left.scale() + right.scale();
    if (scale > DataType::kGreatestPrecision) return no_such(op, left, right);
    HR_TRY(DataType product, DataType::decimal(std::min(DataType::kGreatestPrecision, left.precision() + right.precision()), scale));
    // Both sides in words of one width.
    const bool wide = left.value_bytes() != right.value_bytes();
    return types(wide ? decimal(left.scale()) : left, wide ? decimal(right.scale()) : right, product);
  }
  const DataType both = common_decimal(left, right);
  if (op == Add || op == Subtract) {
    // One digit more than either has.
    HR_TRY(DataType sum, DataType::decimal(std::min(DataType::kGreatestPrecision, both.precision() + 1), both.scale()));
    return types(sum, sum, sum);
  }
  if (op == Divide) return types(TypeId::Float64, TypeId::Float64, TypeId::Float64);
  return types(both, both, both);
}

Result<OperatorTypes> of_numbers(BinaryOperator op, const DataType& left, const DataType& right) {
  if (op == BinaryOperator::Divide && left.is_integer() && right.is_integer())
    return types(TypeId::Float64, TypeId::Float64, TypeId::Float64);
  const DataType both = common_number(left, right);
  if (both.id() == TypeId::Decimal) return of_decimals(op, decimal_of(left), decimal_of(right));
  return types(both, both, both);
}

bool is_comparison(BinaryOperator op) { return op >= BinaryOperator::Equal && op <= BinaryOperator::NotEqualMissing; }
bool is_logical(BinaryOperator op) { return op >= BinaryOperator::And; }

}  // namespace

Result<DataType> common_type(const DataType& left, const DataType& right) {
  if (left == right) return left;
  if (left.id() == TypeId::Null) return right;
  if (right.id() == TypeId::Null) return left;
  if (left.is_numeric() && right.is_numeric()) return common_number(left, right);
  const auto either = [&](TypeId one, TypeId other) {
    return (left.id() == one && right.id() == other) || (left.id() == other && right.id() == one);
  };
  if (left.id() == TypeId::Datetime && right.id() == TypeId::Datetime && left.zone() == right.zone()) {
    return DataType::datetime(coarser(left, right), left.zone());
  }
  if (left.id() == TypeId::Duration && right.id() == TypeId::Duration) return DataType::duration(coarser(left, right));
  if (either(TypeId::Date, TypeId::Datetime)) return left.id() == TypeId::Date ? right : left;
  if (either(TypeId::String, TypeId::Categorical)) return TypeId::String;
  if (left.id() == TypeId::List && right.id() == TypeId::List) {
    HR_TRY(DataType inner, common_type(left.inner(), right.inner()));
    return DataType::list(std::move(inner));
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{} and {} have no type in common; cast one of them", to_string(left), to_string(right)));
}

Result<OperatorTypes> types_of(BinaryOperator op, const DataType& left, const DataType& right) {
  if (is_comparison(op)) {
    auto both = common_type(left, right);
    if (!both || both->id() == TypeId::List) return no_such(op, left, right);
    return types(*both, *both, TypeId::Bool);
  }
  const auto is_bool = [](const DataType& type) { return type.id() == TypeId::Bool || type.id() == TypeId::Null; };
  if (is_logical(op)) {
    if (!is_bool(left) || !is_bool(right)) return no_such(op, left, right);
    return types(TypeId::Bool, TypeId::Bool, TypeId::Bool);
  }
  if (left.id() == TypeId::Null && right.id() != TypeId::Null && !right.is_temporal()) return types_of(op, right, right);
  if (right.id() == TypeId::Null && left.id() != TypeId::Null && !left.is_temporal()) return types_of(op, left, left);
  if (left.is_temporal() || right.is_temporal()) return of_times(op, left, right);
  if (left.id() == TypeId::Bool && right.id() == TypeId::Bool) {
    // True counts as one.
    if (op == BinaryOperator::Add) return types(TypeId::UInt32, TypeId::UInt32, TypeId::UInt32);
    if (op == BinaryOperator::Divide) return types(TypeId::Float64, TypeId::Float64, TypeId::Float64);
  }
  if (op == BinaryOperator::Add && left.id() == TypeId::String && right.id() == TypeId::String) return types(left, right, left);
  if (left.is_numeric() && right.is_numeric()) return of_numbers(op, left, right);
  return no_such(op, left, right);
}

DataType literal_type(const Scalar& literal, const DataType& beside) {
  if (literal.is_null()) return beside;
  const bool is_whole = literal.type().is_integer();
  if (is_whole && beside.is_float() && beside.id() != TypeId::Float16) return beside;
  if (literal.type().id() == TypeId::Float64 && beside.id() == TypeId::Float32) return beside;
  if (is_whole && beside.is_integer()) {
    // The narrowest of the column's kind, and no narrower than it, that holds the value; below zero signed ones hold it.
    const Int128 value = literal.as_whole();
    const bool is_signed = beside.is_signed_integer() || value < 0;
    for (int bits = beside.is_signed_integer() || !is_signed ? bits_of(beside) : 8; bits <= 64; bits *= 2) {
      const Int128 one = 1, least = is_signed ? -(one << (bits - 1)) : 0, most = (one << (is_signed ? bits - 1 : bits)) - 1;
      if (value >= least && value <= most) return integer_of(bits, is_signed);
    }
  }
  return literal.type();
}

}  // namespace headrace::frame
