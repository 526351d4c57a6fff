#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "frame/expression.h"

namespace headrace::frame {

// Frames put together and rearranged. Columns that stay as they are share their memory. Errors are InvalidArgument and NotFound, with the
// name that is wrong.

enum class ConcatKind : uint8_t {
  Vertical,         ///< one below the other, of one schema
  VerticalRelaxed,  ///< columns of equal names get the type that they have in common
  Horizontal,       ///< side by side, of one height
  Diagonal,         ///< one below the other, null where a frame lacks a column
  DiagonalRelaxed,
};
Result<DataFrame> concat(std::span<const DataFrame> frames, ConcatKind kind,
                         const std::shared_ptr<MemoryBudget>& budget = process_budget());

/// The last row first.
Result<DataFrame> reverse(const DataFrame& frame, const std::shared_ptr<MemoryBudget>& budget = process_budget());
/// The numbers of the rows as a first column, of UInt32.
Result<DataFrame> with_row_index(const DataFrame& frame, std::string name, uint64_t offset,
                                 const std::shared_ptr<MemoryBudget>& budget = process_budget());
/// `strict`: a name that is not there is NotFound.
Result<DataFrame> drop(const DataFrame& frame, std::span<const std::string> names, bool strict);
Result<DataFrame> rename(const DataFrame& frame, std::span<const std::pair<std::string, std::string>> names, bool strict);
/// The rows without a null in these columns.
Result<DataFrame> drop_nulls(const DataFrame& frame, std::span<const std::string> names,
                             const std::shared_ptr<MemoryBudget>& budget = process_budget());

/// The value where there is null, in columns of its kind: numbers in those of numbers, all else in those of its type.
Result<DataFrame> fill_null(const DataFrame& frame, const Expression& value,
                            const std::shared_ptr<MemoryBudget>& budget = process_budget());
/// The last value before a null, or the next one behind it, for `limit` nulls after one another.
Result<DataFrame> fill_null(const DataFrame& frame, bool forward, uint64_t limit,
                            const std::shared_ptr<MemoryBudget>& budget = process_budget());

struct SampleOptions {
  bool with_replacement = false;
  bool shuffle = false;  ///< without: rows stay in their order
  uint64_t seed = 0;     ///< equal seeds take equal rows
};
Result<DataFrame> sample(const DataFrame& frame, uint64_t rows, const SampleOptions& options,
                         const std::shared_ptr<MemoryBudget>& budget = process_budget());

}  // namespace headrace::frame
