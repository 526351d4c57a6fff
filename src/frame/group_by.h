#pragma once

#include "frame/expression.h"

namespace headrace::frame {

// Frames by groups of rows, at once and in parallel. Keys are equal as values are: null is a key, NaN is one, -0.0 is 0.0. What comes out
// does not depend on the number of threads.

/// A row for each key, in the order of their first rows: the keys, then the expressions over each group's rows. What has rows, also
/// beside aggregates, becomes a list of its
/// values. The errors are those of select().
Result<DataFrame> group_by(const DataFrame& frame, std::span<const Expression> keys, std::span<const Expression> expressions,
                           const std::shared_ptr<MemoryBudget>& budget = process_budget());

/// Which of equal rows is kept.
enum class Keep : uint8_t { First, Last, Any, None };
/// InvalidArgument for anything but "first", "last", "any", "none".
Result<Keep> keep_of(std::string_view name);

/// One of the rows that are equal in these columns, in their order; None: those that no other is equal to.
Result<DataFrame> unique(const DataFrame& frame, std::span<const std::string> subset, Keep keep,
                         const std::shared_ptr<MemoryBudget>& budget = process_budget());
/// How many different rows of these expressions there are.
Result<size_t> n_unique(const DataFrame& frame, std::span<const Expression> expressions,
                        const std::shared_ptr<MemoryBudget>& budget = process_budget());

}  // namespace headrace::frame
