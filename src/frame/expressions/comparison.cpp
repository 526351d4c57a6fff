#include <bit>
#include <cmath>
#include <compare>
#include <string_view>
#include <utility>

#include "frame/expressions/operators.h"

namespace headrace::frame {
namespace {

/// An order of all floats: NaN is one value above all others, and there is one zero.
template <class T>
bool less(T left, T right) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(left) ? false : std::isnan(right) || left < right;
  return left < right;
}
template <class T>
bool equal(T left, T right) {
  if constexpr (std::is_floating_point_v<T>) return left == right || (std::isnan(left) && std::isnan(right));
  return left == right;
}

/// PERF: a word of 64 answers at a time, which the compiler makes of compares of whole registers.
template <class Answer>
void write_bits(const Bitmap& out, size_t rows, const Answer& answer) {
  for (size_t begin = 0; begin < rows; begin += 64) {
    const size_t count = std::min<size_t>(64, rows - begin);
    uint64_t word = 0;
    for (size_t i = 0; i < count; ++i) word |= uint64_t{answer(begin + i)} << i;
    out.set_word(begin, word);
  }
}

template <class Left, class Right>
void compare_rows(BinaryOperator op, const Left& left, const Right& right, size_t rows, const Bitmap& out) {
  using enum BinaryOperator;
  switch (op) {
    case Equal:
    case EqualMissing: return write_bits(out, rows, [&](size_t row) { return equal(left(row), right(row)); });
    case NotEqual:
    case NotEqualMissing: return write_bits(out, rows, [&](size_t row) { return !equal(left(row), right(row)); });
    case Less: return write_bits(out, rows, [&](size_t row) { return less(left(row), right(row)); });
    case LessEqual: return write_bits(out, rows, [&](size_t row) { return !less(right(row), left(row)); });
    case Greater: return write_bits(out, rows, [&](size_t row) { return less(right(row), left(row)); });
    default: return write_bits(out, rows, [&](size_t row) { return !less(left(row), right(row)); });
  }
}

template <class T>
void compare_fixed(BinaryOperator op, const Operand& left, const Operand& right, size_t rows, const Bitmap& out) {
  with_values<T, T>(left, right, [&](const auto& one, const auto& other) { compare_rows(op, one, other, rows, out); });
}

void compare_bytes(BinaryOperator op, const Operand& left, const Operand& right, size_t rows, const Bitmap& out) {
  // Rows without a value have none to look at.
  const auto of_array = [](const Array& array) {
    return [&array](size_t row) { return array.is_valid(row) ? array.bytes(row) : std::string_view(); };
  };
  const auto of_scalar = [](const Scalar& scalar) { return [&scalar](size_t) { return std::string_view(scalar.as_bytes()); }; };
  if (left.is_scalar()) return compare_rows(op, of_scalar(left.scalar()), of_array(right.array()), rows, out);
  if (right.is_scalar()) return compare_rows(op, of_array(left.array()), of_scalar(right.scalar()), rows, out);
  compare_rows(op, of_array(left.array()), of_array(right.array()), rows, out);
}

void compare_bools(BinaryOperator op, const Operand& left, const Operand& right, size_t rows, const Bitmap& out) {
  const auto bits_of = [](const Operand& side) { return side.is_scalar() ? Bitmap() : side.array().bits(); };
  const Bitmap one = bits_of(left), other = bits_of(right);
  const auto of = [](const Operand& side, const Bitmap& bits) {
    return [&side, &bits](size_t row) { return side.is_scalar() ? side.scalar().as_bool() : bits[row]; };
  };
  compare_rows(op, of(left, one), of(right, other), rows, out);
}

void compare(BinaryOperator op, const Operand& left, const Operand& right, size_t rows, const Bitmap& out) {
  const DataType& type = left.type();
  switch (type.id()) {
    case TypeId::Bool: return compare_bools(op, left, right, rows, out);
    case TypeId::String:
    case TypeId::Binary:
    case TypeId::Categorical: return compare_bytes(op, left, right, rows, out);
    case TypeId::Float32: return compare_fixed<float>(op, left, right, rows, out);
    case TypeId::Float64: return compare_fixed<double>(op, left, right, rows, out);
    case TypeId::UInt8: return compare_fixed<uint8_t>(op, left, right, rows, out);
    case TypeId::UInt16: return compare_fixed<uint16_t>(op, left, right, rows, out);
    case TypeId::UInt32: return compare_fixed<uint32_t>(op, left, right, rows, out);
    case TypeId::UInt64: return compare_fixed<uint64_t>(op, left, right, rows, out);
    default: break;
  }
  switch (type.value_bytes()) {
    case 1: return compare_fixed<int8_t>(op, left, right, rows, out);
    case 2: return compare_fixed<int16_t>(op, left, right, rows, out);
    case 4: return compare_fixed<int32_t>(op, left, right, rows, out);
    case 8: return compare_fixed<int64_t>(op, left, right, rows, out);
    default: return compare_fixed<Int128>(op, left, right, rows, out);
  }
}

uint64_t valid_word(const Operand& side, size_t row) {
  if (side.is_scalar()) return side.scalar().is_null() ? 0 : ~uint64_t{0};
  return side.array().nulls() == 0 ? ~uint64_t{0} : side.array().validity().is_absent() ? 0 : side.array().validity().word(row);
}

/// Two nulls are equal, a null and a value are not.
void settle_missing(BinaryOperator op, const Operand& left, const Operand& right, size_t rows, const Bitmap& out) {
  const bool when_equal = op == BinaryOperator::EqualMissing;
  for (size_t row = 0; row < rows; row += 64) {
    const uint64_t one = valid_word(left, row), other = valid_word(right, row);
    const uint64_t both = one & other, neither = ~one & ~other, answer = when_equal ? neither : one ^ other;
    out.set_word(row, (out.word(row) & both) | (answer & ~both));
  }
}

}  // namespace

Result<Array> comparison(BinaryOperator op, const Operand& left, const Operand& right, size_t rows,
                         const std::shared_ptr<MemoryBudget>& budget) {
  const bool missing = op == BinaryOperator::EqualMissing || op == BinaryOperator::NotEqualMissing;
  const bool no_values = left.is_all_null() || right.is_all_null() || left.type().id() == TypeId::Null;
  if (no_values && !missing) return Array::all_null(TypeId::Bool, rows, budget);
  HR_TRY(const Bitmap out, Bitmap::zeros(rows, budget));
  if (!no_values) compare(op, left, right, rows, out);
  Array::Parts parts{.type = TypeId::Bool, .size = rows, .values = out.buffer()};
  if (missing) {
    settle_missing(op, left, right, rows, out);
    parts.nulls = 0;
  } else {
    HR_TRY(parts.validity, both_valid(left, right, rows, budget));
  }
  return Array::make(std::move(parts));
}

}  // namespace headrace::frame
