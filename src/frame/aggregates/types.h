#pragma once

#include "frame/expression.h"

namespace headrace::frame {

/// The type that an aggregate's values are cast to, and that of its result: the rules of Polars 2.1, but where docs/design/0018 says
/// otherwise.
/// InvalidArgument says what type has none such.
struct AggregateTypes {
  DataType input, result;
};
Result<AggregateTypes> types_of(const Expression::Aggregate& what, const DataType& input);

}  // namespace headrace::frame
