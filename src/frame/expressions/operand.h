#pragma once

#include <optional>
#include <utility>

#include "frame/expression.h"

namespace headrace::frame {

/// A side of an operator: a value for each row, or one for all.
class Operand {
 public:
  Operand(Array array) : array_(std::move(array)) {}     // NOLINT
  Operand(Scalar scalar) : scalar_(std::move(scalar)) {}  // NOLINT

  bool is_scalar() const { return !array_; }
  const Array& array() const { return *array_; }
  const Scalar& scalar() const { return scalar_; }
  const DataType& type() const { return array_ ? array_->type() : scalar_.type(); }
  /// Whether no row has a value.
  bool is_all_null() const { return array_ ? array_->nulls() == array_->size() && array_->size() > 0 : scalar_.is_null(); }

 private:
  std::optional<Array> array_;
  Scalar scalar_;
};

/// The scalar as the type that values of a column have in memory.
template <class T>
T value_of(const Scalar& scalar) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(scalar.as_float());
  } else {
    return static_cast<T>(scalar.as_whole());
  }
}

/// Calls loop(left, right) with two functions from a row to a value, of which a scalar's is constant: a loop for each case.
template <class T, class U, class Loop>
void with_values(const Operand& left, const Operand& right, const Loop& loop) {
  const auto of_array = []<class V>(const Array& array, V*) { return [data = array.data<V>()](size_t row) { return data[row]; }; };
  const auto of_scalar = []<class V>(const Scalar& scalar, V*) { return [value = value_of<V>(scalar)](size_t) { return value; }; };
  T* const t = nullptr;
  U* const u = nullptr;
  if (left.is_scalar()) {
    loop(of_scalar(left.scalar(), t), of_array(right.array(), u));
  } else if (right.is_scalar()) {
    loop(of_array(left.array(), t), of_scalar(right.scalar(), u));
  } else {
    loop(of_array(left.array(), t), of_array(right.array(), u));
  }
}

/// The rows in which both have a value; absent if all do.
Result<Bitmap> both_valid(const Operand& left, const Operand& right, size_t rows, const std::shared_ptr<MemoryBudget>& budget);

/// An array of one value, as many times as wanted.
Result<Array> repeat(const Scalar& scalar, size_t rows, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
