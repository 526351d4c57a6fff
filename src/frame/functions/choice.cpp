#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <unordered_set>
#include <utility>

#include "frame/columns/concatenate.h"
#include "frame/columns/gather.h"
#include "frame/expressions/cast.h"
#include "frame/expressions/operators.h"
#include "frame/expressions/types.h"
#include "frame/functions/numbers.h"

namespace headrace::frame {
namespace {

/// The type of all inputs together: literals take that of the others if it holds them.
Result<DataType> type_of_all(FunctionInputs inputs) {
  std::optional<DataType> type;
  for (const bool literals : {false, true}) {
    for (const FunctionInput& input : inputs) {
      if ((input.literal != nullptr) != literals) continue;
      const DataType own = input.literal != nullptr && type ? literal_type(*input.literal, *type) : input.type;
      if (!type) {
        type = own;
      } else {
        HR_TRY(type, common_type(*type, own));
      }
    }
  }
  return *type;
}

Result<Array> array_of(const Operand& operand, const FunctionCall& call) {
  if (!operand.is_scalar()) return operand.array();
  return repeat(operand.scalar(), call.rows, call.budget);
}

bool is_nan_at(const Array& array, size_t row) {
  if (array.type().id() == TypeId::Float64) return std::isnan(array.data<double>()[row]);
  return array.type().id() == TypeId::Float32 && std::isnan(array.data<float>()[row]);
}

/// The lesser, or the greater, of two arrays' rows. What has no value loses against one that has, and NaN against a number.
Result<Array> better(BinaryOperator than, const Array& left, const Array& right, const FunctionCall& call) {
  HR_TRY(const Array wins, comparison(than, Operand(right), Operand(left), call.rows, call.budget));
  const Bitmap bits = wins.bits();
  std::vector<uint64_t> rows(call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    bool right_wins = false;
    if (!left.is_valid(row)) {
      right_wins = true;
    } else if (right.is_valid(row)) {
      right_wins = is_nan_at(left, row) || (!is_nan_at(right, row) && bits[row]);
    }
    rows[row] = right_wins ? call.rows + row : row;
  }
  const Array both[] = {left, right};
  HR_TRY(const Array all, concatenate(both, call.budget));
  return gather(all, rows, call.budget);
}

template <BinaryOperator kThan>
Result<BoundFunction> extreme(FunctionInputs inputs, FunctionOptions) {
  HR_TRY(const DataType type, type_of_all(inputs));
  if (type.id() == TypeId::List) return fail(ErrorKind::InvalidArgument, fmt::format("{} has no order", to_string(type)));
  const std::vector<DataType> types(inputs.size(), type);
  return BoundFunction{.inputs = types, .result = type, .evaluate = [](const FunctionCall& call) -> Result<Array> {
    HR_TRY(Array best, array_of(call.inputs[0], call));
    for (const Operand& input : call.inputs.subspan(1)) {
      HR_TRY(const Array next, array_of(input, call));
      HR_TRY(best, better(kThan, best, next, call));
    }
    return best;
  }, .needed = 0};
}

/// An array without nulls, which are zero instead, or "".
Result<Array> filled(const Array& array, const FunctionCall& call) {
  const DataType& type = array.type();
  if (array.nulls() == 0) return array;
  const Scalar zero = type.id() == TypeId::String ? Scalar::of(std::string())
                      : type.is_float()           ? Scalar::of(type, 0.0)
                                                  : Scalar::of(type, Int128{0});
  std::vector<uint64_t> rows(call.rows);
  for (size_t row = 0; row < call.rows; ++row) rows[row] = array.is_valid(row) ? row : call.rows;
  HR_TRY(const Array one, repeat(zero, 1, call.budget));
  const Array both[] = {array, one};
  HR_TRY(const Array all, concatenate(both, call.budget));
  return gather(all, rows, call.budget);
}

/// Option: whether a null counts as nothing; else it makes the row null.
Result<BoundFunction> sum(FunctionInputs inputs, FunctionOptions options) {
  const bool ignores = options[0].as_bool();
  HR_TRY(DataType type, type_of_all(inputs));
  if (type.id() == TypeId::Bool) type = TypeId::UInt32;
  if (type.id() == TypeId::Decimal && inputs.size() > 1) type = *DataType::decimal(DataType::kGreatestPrecision, type.scale());
  if (!type.is_numeric() && type.id() != TypeId::String && type.id() != TypeId::Duration) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} cannot be added up", to_string(type)));
  }
  const std::vector<DataType> types(inputs.size(), type);
  return BoundFunction{.inputs = types, .result = type, .evaluate = [=](const FunctionCall& call) -> Result<Array> {
    std::optional<Array> total;
    for (const Operand& input : call.inputs) {
      HR_TRY(Array next, array_of(input, call));
      if (ignores) {
        HR_TRY(next, filled(next, call));
      }
      if (!total) {
        total = std::move(next);
      } else {
        HR_TRY(total, arithmetic(BinaryOperator::Add, Operand(*total), Operand(next), type, call.rows, call.budget));
      }
    }
    return *total;
  }, .needed = ignores ? 0 : SIZE_MAX};
}

template <class T, class Get>
Result<Array> found_in(const std::vector<Scalar>& wanted, const FunctionCall& call, const Get& get) {
  std::unordered_set<T> set;
  for (const Scalar& one : wanted) set.insert(get(one));
  const Values<T> values(call.inputs[0]);
  return each_row<bool>(TypeId::Bool, call, [&](size_t row) { return set.contains(values[row]); });
}

/// Floats by what they are equal to: NaN to NaN, -0 to 0.
template <class T>
T canonical(T value) {
  return value == 0 ? T{0} : value;
}

template <class T>
Result<Array> floats_found_in(const std::vector<Scalar>& wanted, const FunctionCall& call) {
  std::unordered_set<T> set;
  bool has_nan = false;
  for (const Scalar& one : wanted) {
    if (std::isnan(one.as_float())) has_nan = true;
    else set.insert(canonical(static_cast<T>(one.as_float())));
  }
  const Values<T> values(call.inputs[0]);
  return each_row<bool>(TypeId::Bool, call, [&](size_t row) {
    return std::isnan(values[row]) ? has_nan : set.contains(canonical(values[row]));
  });
}

Result<Array> texts_found_in(const std::vector<Scalar>& wanted, const FunctionCall& call) {
  std::unordered_set<std::string_view> set;
  for (const Scalar& one : wanted) set.insert(one.as_bytes());
  const Texts texts(call.inputs[0]);
  return each_row<bool>(TypeId::Bool, call, [&](size_t row) { return set.contains(texts[row]); });
}

Result<Array> bools_found_in(const std::vector<Scalar>& wanted, const FunctionCall& call) {
  HR_TRY(const Array array, array_of(call.inputs[0], call));
  const auto has = [&](bool value) { return std::ranges::any_of(wanted, [&](const Scalar& one) { return one.as_bool() == value; }); };
  const bool has_true = has(true), has_false = has(false);
  const Bitmap bits = array.bits();
  return each_row<bool>(TypeId::Bool, call, [&](size_t row) { return bits[row] ? has_true : has_false; });
}

Result<Array> wide_found_in(const std::vector<Scalar>& wanted, const FunctionCall& call) {
  std::vector<Int128> sorted;
  for (const Scalar& one : wanted) sorted.push_back(one.as_whole());
  std::ranges::sort(sorted);
  const Values<Int128> values(call.inputs[0]);
  return each_row<bool>(TypeId::Bool, call, [&](size_t row) { return std::ranges::binary_search(sorted, values[row]); });
}

Result<Array> found(const DataType& type, const std::vector<Scalar>& wanted, const FunctionCall& call) {
  if (type.layout() == Layout::Views) return texts_found_in(wanted, call);
  if (type.id() == TypeId::Bool) return bools_found_in(wanted, call);
  if (type.id() == TypeId::Float32) return floats_found_in<float>(wanted, call);
  if (type.id() == TypeId::Float64) return floats_found_in<double>(wanted, call);
  if (type.value_bytes() == 16) return wide_found_in(wanted, call);
  return with_memory_type(type, [&]<class T>(T*) -> Result<Array> {
    if constexpr (std::is_integral_v<T> && sizeof(T) <= 8) {
      return found_in<T>(wanted, call, [](const Scalar& one) { return static_cast<T>(one.as_whole()); });
    }
    return fail(ErrorKind::InvalidArgument, fmt::format("{} is not looked up", to_string(type)));
  });
}

/// A value as one of a column's type that is equal to it; nothing if there is none.
Result<std::optional<Scalar>> as_equal(const Scalar& value, const DataType& type) {
  HR_TRY(const DataType both, common_type(value.type(), type));
  HR_TRY(const Array one, repeat(value, 1, process_budget()));
  HR_TRY(const Array own, cast(one, type, false, process_budget()));
  if (own.nulls() > 0) return std::nullopt;
  HR_TRY(const Array back, cast(own, both, false, process_budget()));
  HR_TRY(const Array there, cast(one, both, false, process_budget()));
  HR_TRY(const Array same, comparison(BinaryOperator::Equal, Operand(back), Operand(there), 1, process_budget()));
  if (!same.is_valid(0) || !same.bits()[0]) return std::nullopt;
  HR_TRY(Scalar scalar, Scalar::at(own, 0));
  return scalar;
}

/// Options: whether null is equal to null, then the values that are looked for.
Result<BoundFunction> is_in(FunctionInputs inputs, FunctionOptions options) {
  DataType type = inputs[0].type;
  if (type.id() == TypeId::Categorical) type = TypeId::String;
  if (type.id() == TypeId::List || type.id() == TypeId::Float16) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} is not looked up", to_string(type)));
  }
  const bool nulls_equal = options[0].as_bool();
  bool has_null = false;
  std::vector<Scalar> wanted;
  for (const Scalar& option : options.subspan(1)) {
    if (option.is_null()) {
      has_null = true;
      continue;
    }
    if (type.id() == TypeId::Null) continue;
    HR_TRY(auto equal, as_equal(option, type));
    if (equal) wanted.push_back(*std::move(equal));
  }
  const auto values = std::make_shared<const std::vector<Scalar>>(std::move(wanted));
  return BoundFunction{.inputs = {type}, .result = TypeId::Bool, .evaluate = [=](const FunctionCall& call) -> Result<Array> {
    HR_TRY(const Array array, array_of(call.inputs[0], call));
    const Operand sides[] = {Operand(array)};
    if (type.id() == TypeId::Null && !nulls_equal) return Array::all_null(TypeId::Bool, call.rows, call.budget);
    if (type.id() == TypeId::Null) return repeat(Scalar::of(has_null), call.rows, call.budget);
    HR_TRY(const Array found_rows, found(type, *values, {sides, call.rows, call.budget}));
    if (!nulls_equal || found_rows.nulls() == 0) return found_rows;
    const Bitmap bits = found_rows.bits();
    return each_row<bool>(TypeId::Bool, call, [&](size_t row) { return found_rows.is_valid(row) ? bits[row] : has_null; });
  }, .needed = 0};
}

}  // namespace

std::span<const FunctionEntry> choice_functions() {
  static constexpr FunctionEntry kEntries[] = {
      {"min_horizontal", 1, SIZE_MAX, 0, extreme<BinaryOperator::Less>},
      {"max_horizontal", 1, SIZE_MAX, 0, extreme<BinaryOperator::Greater>},
      {"sum_horizontal", 1, SIZE_MAX, 1, sum},
      {"is_in", 1, 1, 1, is_in},
  };
  return kEntries;
}

}  // namespace headrace::frame
