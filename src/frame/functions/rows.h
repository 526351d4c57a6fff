#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "frame/array_builder.h"
#include "frame/functions/function.h"

namespace headrace::frame {

/// The texts of an operand, one a row.
class Texts {
 public:
  explicit Texts(const Operand& operand) : array_(operand.is_scalar() ? nullptr : &operand.array()), scalar_(operand.scalar()) {}
  bool has(size_t row) const { return array_ != nullptr ? array_->is_valid(row) : !scalar_.is_null(); }
  /// Of a row that has one.
  std::string_view operator[](size_t row) const { return array_ != nullptr ? array_->bytes(row) : std::string_view(scalar_.as_bytes()); }

 private:
  const Array* array_;
  const Scalar& scalar_;
};

/// The values of an operand whose type is as T in memory, one a row.
template <class T>
class Values {
 public:
  explicit Values(const Operand& operand) : valid_(operand.is_scalar() ? nullptr : &operand.array()) {
    if (valid_ != nullptr) {
      data_ = valid_->size() == 0 ? nullptr : valid_->data<T>();
    } else if (!operand.scalar().is_null()) {
      value_ = value_of<T>(operand.scalar());
    }
  }
  bool has(size_t row) const { return valid_ != nullptr ? valid_->is_valid(row) : value_.has_value(); }
  T operator[](size_t row) const { return valid_ != nullptr ? data_[row] : *value_; }

 private:
  const Array* valid_;
  const T* data_ = nullptr;
  std::optional<T> value_;
};

/// The rows in which all inputs that are needed have a value; absent if all rows are such.
inline Result<Bitmap> valid_rows(const FunctionCall& call) {
  Bitmap valid;
  for (const Operand& input : call.inputs.first(std::min(call.needed, call.inputs.size()))) {
    if (input.is_scalar() || input.array().validity().is_absent()) continue;
    const Bitmap& own = input.array().validity();
    if (valid.is_absent()) {
      valid = own;
      continue;
    }
    HR_TRY(Bitmap both, Bitmap::zeros(call.rows, call.budget));
    for (size_t row = 0; row < call.rows; row += 64) both.set_word(row, valid.word(row) & own.word(row));
    valid = both;
  }
  return valid;
}

/// A T for each row in which all inputs that are needed have a value.
template <class T, class Calculate>
Result<Array> each_row(const DataType& type, const FunctionCall& call, const Calculate& calculate) {
  Array::Parts parts{.type = type, .size = call.rows};
  HR_TRY(parts.validity, valid_rows(call));
  if constexpr (std::is_same_v<T, bool>) {
    HR_TRY(const Bitmap bits, Bitmap::zeros(call.rows, call.budget));
    for (size_t row = 0; row < call.rows; ++row) {
      if (parts.validity[row] && calculate(row)) bits.set(row);
    }
    parts.values = bits.buffer();
  } else {
    HR_TRY(parts.values, Buffer::from_pool(call.rows * sizeof(T), call.budget));
    T* out = parts.values.as<T>();
    for (size_t row = 0; row < call.rows; ++row) out[row] = parts.validity[row] ? calculate(row) : T{};
  }
  return Array::make(std::move(parts));
}

/// The same, of Result<std::optional<T>>: a row may have none, and the first error is given back.
template <class T, class Calculate>
Result<Array> each_row_if_any(const DataType& type, const FunctionCall& call, const Calculate& calculate) {
  ArrayBuilder builder(type, call.budget);
  HR_TRY(const Bitmap valid, valid_rows(call));
  for (size_t row = 0; row < call.rows; ++row) {
    std::optional<T> value;
    if (valid[row]) {
      HR_TRY(value, calculate(row));
    }
    if (!value) {
      HR_CHECK(builder.append_null());
    } else if constexpr (std::is_same_v<T, bool>) {
      HR_CHECK(builder.append_bool(*value));
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      HR_CHECK(builder.append_bytes(*value));
    } else {
      HR_CHECK(builder.append(*value));
    }
  }
  return builder.finish();
}

/// A text for each row in which all inputs that are needed have a value; write(row, text) appends it.
template <class Write>
Result<Array> each_text(const FunctionCall& call, const Write& write) {
  std::string text;
  return each_row_if_any<std::string_view>(TypeId::String, call, [&](size_t row) -> Result<std::optional<std::string_view>> {
    text.clear();
    write(row, text);
    return text;
  });
}

/// InvalidArgument unless the input is text.
Result<void> check_text(const FunctionInput& input);
/// The same, for what may be a null without a type too.
Result<void> check_text_or_null(const FunctionInput& input);

}  // namespace headrace::frame
