#pragma once

#include <optional>
#include <vector>

#include "frame/expression.h"
#include "frame/sort.h"

namespace headrace::frame {

// Expressions over partitions of rows. Within one, aggregates are of its rows, and functions of sequences (docs/design/0023) go through
// them in their order; what has one value for the partition stands in all of its rows. Null is a key, NaN is one.

/// Which rows an expression is over, in which order they come and, if the expression is an aggregate, which of them it sees for each row.
struct WindowSpec {
  std::vector<Expression> partition_by;  ///< none: all rows are one partition
  std::vector<SortBy> order_by;          ///< rows of equal keys keep their order; none: all do
  std::optional<WindowFrame> frame{};    ///< none: all rows of the partition
};

/// Whether it is a function that looks at other rows than the row's own: "shift", "cum_sum", "rank" ...
bool is_sequence_function(const Expression::Function& function);
/// Whether such a function, an expression over partitions or a call of an async column function stands in it: what is not calculated row by
/// row, but of all rows.
bool has_window(const Expression& expression);

}  // namespace headrace::frame
