#pragma once

#include "frame/expression.h"

namespace headrace::frame {

/// The types that the two sides of an operator are cast to, and the type of what it gives then: the rules of Polars 2.1, but where
/// docs/design/0018 says otherwise. InvalidArgument says what does not go together.
struct OperatorTypes {
  DataType left, right, result;
  std::optional<DataType> after;  ///< what the result is cast to
};
Result<OperatorTypes> types_of(BinaryOperator op, const DataType& left, const DataType& right);

/// The least type that holds the values of both, for comparisons, when and concat. InvalidArgument if there is none.
Result<DataType> common_type(const DataType& left, const DataType& right);

/// The type that a literal takes beside a column: that of the column if it holds the value, else the next of its kind.
DataType literal_type(const Scalar& literal, const DataType& beside);

}  // namespace headrace::frame
