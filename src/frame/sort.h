#pragma once

#include <limits>
#include <span>

#include "frame/expression.h"

namespace headrace::frame {

/// A key of an order: rows go by its values, nulls first or last whichever way the values go.
struct SortBy {
  Expression expression;
  bool descending = false;
  bool nulls_last = false;
};

/// The rows in the order of the keys, of equal ones in the order that they have; of them the first `limit`. NaN is greater than all
/// numbers, -0.0 equal to 0.0, strings go by their bytes, categories by their strings. NotFound and InvalidArgument name the part of an
/// expression that is wrong.
Result<DataFrame> sort(const DataFrame& frame, std::span<const SortBy> by, size_t limit = std::numeric_limits<size_t>::max(),
                       const std::shared_ptr<MemoryBudget>& budget = process_budget());
/// The numbers that the rows have in the column, in the order of their values: what sort() puts first, second ..., as UInt32, from 2^32
/// rows on as UInt64.
Result<Array> arg_sort(const Column& column, bool descending, bool nulls_last,
                       const std::shared_ptr<MemoryBudget>& budget = process_budget());

}  // namespace headrace::frame
