#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>

#include "frame/array_builder.h"
#include "frame/expressions/operators.h"

namespace headrace::frame {
namespace {

/// What wraps around must not be signed while it does.
template <class T>
struct Unsigned {
  using Type = std::make_unsigned_t<T>;
};
template <>
struct Unsigned<Int128> {
  using Type = UInt128;
};

template <class T, class Wide = typename Unsigned<T>::Type>
T wrapped(Wide value) {
  return static_cast<T>(value);
}

template <class T>
T floor_divided(T left, T right) {
  if constexpr (std::is_unsigned_v<T>) {
    return left / right;
  } else {
    // The least number has no counterpart: it stays what it is.
    if (right == T{-1}) return wrapped<T>(static_cast<typename Unsigned<T>::Type>(-static_cast<typename Unsigned<T>::Type>(left)));
    const T quotient = left / right;
    return static_cast<T>(quotient - (left % right != 0 && (left < 0) != (right < 0)));
  }
}

template <class T>
T floor_modulo(T left, T right) {
  if constexpr (std::is_unsigned_v<T>) {
    return left % right;
  } else {
    if (right == T{-1}) return 0;
    const T rest = left % right;
    return static_cast<T>(rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest);
  }
}

template <class T, class Calculate>
Result<Array> each(const Operand& left, const Operand& right, const DataType& result, size_t rows,
                   const std::shared_ptr<MemoryBudget>& budget, const Calculate& calculate) {
  Array::Parts parts{.type = result, .size = rows};
  HR_TRY(parts.validity, both_valid(left, right, rows, budget));
  HR_TRY(parts.values, Buffer::from_pool(rows * sizeof(T), budget));
  T* out = parts.values.as<T>();
  with_values<T, T>(left, right, [&](const auto& one, const auto& other) {
    for (size_t row = 0; row < rows; ++row) out[row] = calculate(one(row), other(row));
  });
  return Array::make(std::move(parts));
}

/// // and %: there is nothing where one divides by zero.
template <class T, class Calculate>
Result<Array> each_divided(const Operand& left, const Operand& right, const DataType& result, size_t rows,
                           const std::shared_ptr<MemoryBudget>& budget, const Calculate& calculate) {
  Array::Parts parts{.type = result, .size = rows};
  HR_TRY(const Bitmap valid, both_valid(left, right, rows, budget));
  HR_TRY(parts.validity, Bitmap::zeros(rows, budget));
  HR_TRY(parts.values, Buffer::from_pool(rows * sizeof(T), budget));
  T* out = parts.values.as<T>();
  with_values<T, T>(left, right, [&](const auto& one, const auto& other) {
    for (size_t row = 0; row < rows; ++row) {
      if (other(row) == 0 || !valid[row]) continue;
      out[row] = calculate(one(row), other(row));
      parts.validity.set(row);
    }
  });
  return Array::make(std::move(parts));
}

template <class T>
Result<Array> of_integers(BinaryOperator op, const Operand& left, const Operand& right, const DataType& result, size_t rows,
                          const std::shared_ptr<MemoryBudget>& budget) {
  using U = typename Unsigned<T>::Type;
  const auto run = [&](const auto& calculate) { return each<T>(left, right, result, rows, budget, calculate); };
  switch (op) {
    case BinaryOperator::Add: return run([](T a, T b) { return wrapped<T>(static_cast<U>(static_cast<U>(a) + static_cast<U>(b))); });
    case BinaryOperator::Subtract: return run([](T a, T b) { return wrapped<T>(static_cast<U>(static_cast<U>(a) - static_cast<U>(b))); });
    // 16 bits would be multiplied as int, and overflow it.
    case BinaryOperator::Multiply: return run([](T a, T b) { return static_cast<T>(uint64_t{static_cast<U>(a)} * static_cast<U>(b)); });
    case BinaryOperator::FloorDivide:
      return each_divided<T>(left, right, result, rows, budget, [](T a, T b) { return floor_divided(a, b); });
    default: return each_divided<T>(left, right, result, rows, budget, [](T a, T b) { return floor_modulo(a, b); });
  }
}

template <class T>
Result<Array> of_floats(BinaryOperator op, const Operand& left, const Operand& right, const DataType& result, size_t rows,
                        const std::shared_ptr<MemoryBudget>& budget) {
  const auto run = [&](const auto& calculate) { return each<T>(left, right, result, rows, budget, calculate); };
  switch (op) {
    case BinaryOperator::Add: return run([](T a, T b) { return a + b; });
    case BinaryOperator::Subtract: return run([](T a, T b) { return a - b; });
    case BinaryOperator::Multiply: return run([](T a, T b) { return a * b; });
    case BinaryOperator::Divide: return run([](T a, T b) { return a / b; });
    case BinaryOperator::FloorDivide: return run([](T a, T b) { return std::floor(a / b); });
    default: return run([](T a, T b) { return a - b * std::floor(a / b); });
  }
}

/// What a decimal gives, if it has no more digits than its type.
template <class In, class Out>
Result<Array> of_decimals(BinaryOperator op, const Operand& left, const Operand& right, const DataType& result, size_t rows,
                          const std::shared_ptr<MemoryBudget>& budget) {
  Array::Parts parts{.type = result, .size = rows};
  HR_TRY(const Bitmap valid, both_valid(left, right, rows, budget));
  HR_TRY(parts.values, Buffer::from_pool(rows * sizeof(Out), budget));
  Out* out = parts.values.as<Out>();
  const Int128 limit = power_of_ten(result.precision());
  bool fits = true;
  with_values<In, In>(left, right, [&](const auto& one, const auto& other) {
    for (size_t row = 0; row < rows; ++row) {
      const Int128 a = one(row), b = other(row);
      Int128 value = 0;
      const bool overflows = op == BinaryOperator::Add        ? __builtin_add_overflow(a, b, &value)
                             : op == BinaryOperator::Subtract ? __builtin_sub_overflow(a, b, &value)
                                                              : __builtin_mul_overflow(a, b, &value);
      fits = fits && !((overflows || value >= limit || value <= -limit) && valid[row]);
      out[row] = static_cast<Out>(value);
    }
  });
  if (!fits) {
    return fail(ErrorKind::OutOfRange, fmt::format("a result has more than the {} digits of {}; cast to Float64, or to fewer digits before",
                                                   result.precision(), to_string(result)));
  }
  parts.validity = valid;
  return Array::make(std::move(parts));
}

Result<Array> divide_decimals(BinaryOperator op, const Operand& left, const Operand& right, const DataType& result, size_t rows,
                              const std::shared_ptr<MemoryBudget>& budget) {
  // Both have one scale: its power of ten falls out of the rest, and stands in front of the whole.
  const Int128 unit = power_of_ten(result.scale());
  const bool is_rest = op == BinaryOperator::Modulo;
  const auto run = [&]<class T>(T*) {
    return each_divided<T>(left, right, result, rows, budget, [&](T a, T b) {
      return is_rest ? floor_modulo(a, b) : static_cast<T>(floor_divided(a, b) * static_cast<T>(unit));
    });
  };
  return result.value_bytes() == 8 ? run(static_cast<int64_t*>(nullptr)) : run(static_cast<Int128*>(nullptr));
}

Result<Array> decimals(BinaryOperator op, const Operand& left, const Operand& right, const DataType& result, size_t rows,
                       const std::shared_ptr<MemoryBudget>& budget) {
  using enum BinaryOperator;
  if (op == FloorDivide || op == Modulo) return divide_decimals(op, left, right, result, rows, budget);
  const bool narrow_in = left.type().value_bytes() == 8 && right.type().value_bytes() == 8, narrow_out = result.value_bytes() == 8;
  if (narrow_in && narrow_out) return of_decimals<int64_t, int64_t>(op, left, right, result, rows, budget);
  if (narrow_in) return of_decimals<int64_t, Int128>(op, left, right, result, rows, budget);
  return of_decimals<Int128, Int128>(op, left, right, result, rows, budget);
}

/// One text after the other.
Result<Array> joined(const Operand& left, const Operand& right, size_t rows, const std::shared_ptr<MemoryBudget>& budget) {
  const auto text = [](const Operand& side, size_t row) -> std::string_view {
    return side.is_scalar() ? std::string_view(side.scalar().as_bytes()) : side.array().bytes(row);
  };
  const auto has = [](const Operand& side, size_t row) { return side.is_scalar() || side.array().is_valid(row); };
  ArrayBuilder builder(TypeId::String, budget);
  std::string both;
  for (size_t row = 0; row < rows; ++row) {
    if (!has(left, row) || !has(right, row)) {
      HR_CHECK(builder.append_null());
      continue;
    }
    both.assign(text(left, row)).append(text(right, row));
    HR_CHECK(builder.append_bytes(both));
  }
  return builder.finish();
}

}  // namespace

Result<Array> arithmetic(BinaryOperator op, const Operand& left, const Operand& right, const DataType& result, size_t rows,
                         const std::shared_ptr<MemoryBudget>& budget) {
  if (left.is_all_null() || right.is_all_null()) return Array::all_null(result, rows, budget);
  switch (result.id()) {
    case TypeId::Int8: return of_integers<int8_t>(op, left, right, result, rows, budget);
    case TypeId::Int16: return of_integers<int16_t>(op, left, right, result, rows, budget);
    case TypeId::Int32: return of_integers<int32_t>(op, left, right, result, rows, budget);
    case TypeId::Int64:
    case TypeId::Datetime:
    case TypeId::Duration: return of_integers<int64_t>(op, left, right, result, rows, budget);
    case TypeId::UInt8: return of_integers<uint8_t>(op, left, right, result, rows, budget);
    case TypeId::UInt16: return of_integers<uint16_t>(op, left, right, result, rows, budget);
    case TypeId::UInt32: return of_integers<uint32_t>(op, left, right, result, rows, budget);
    case TypeId::UInt64: return of_integers<uint64_t>(op, left, right, result, rows, budget);
    case TypeId::Float32: return of_floats<float>(op, left, right, result, rows, budget);
    case TypeId::Float64: return of_floats<double>(op, left, right, result, rows, budget);
    case TypeId::String: return joined(left, right, rows, budget);
    case TypeId::Decimal: return decimals(op, left, right, result, rows, budget);
    default: return fail(ErrorKind::Unsupported, fmt::format("{} cannot be calculated with yet", to_string(result)));
  }
}

}  // namespace headrace::frame
