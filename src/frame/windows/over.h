#pragma once

#include <functional>
#include <string>
#include <vector>

#include "frame/data_frame.h"
#include "frame/windows/context.h"
#include "frame/windows/partition.h"

namespace headrace::frame {

/// Whether it is an aggregate, a function of a sequence or over a partition: what is calculated of whole groups.
bool is_of_context(const Expression& expression);
/// A group's number for each of its rows, UInt32.
Result<Array> group_numbers(const Starts& starts, const std::shared_ptr<MemoryBudget>& budget);

/// Calculates each part's rows by themselves, parts in parallel if nothing runs beside, and puts the values where the
/// rows are. `read`: which columns of the context are.
Result<Array> over_parts(const Context& context, const std::vector<PartitionPart>& parts, const std::vector<bool>& read,
                         const std::function<Result<Values>(const Context&)>& evaluate, const std::string& text);

/// A frame's columns as one chunk of one group each; those that are not read are empty.
Result<Chunk> whole_chunk(const DataFrame& frame, const std::vector<bool>& read,
                          const std::shared_ptr<MemoryBudget>& budget);

/// select() of expressions with windows among them. `is_cancelled` ends what waits for column functions.
Result<DataFrame> select_windows(const DataFrame& frame, std::span<const Expression> expressions,
                                 const std::shared_ptr<MemoryBudget>& budget,
                                 const std::function<bool()>& is_cancelled = {});
/// filter() by a condition with windows in it.
Result<DataFrame> filter_windows(const DataFrame& frame, const Expression& condition,
                                 const std::shared_ptr<MemoryBudget>& budget,
                                 const std::function<bool()>& is_cancelled = {});

/// Whether an expression over groups needs all of their rows at once: what GroupResults does not know.
bool needs_whole_groups(const Expression& expression);
/// The columns that group_by() of such expressions gives.
Result<Schema> schema_of_groups(std::span<const Expression> keys, std::span<const Expression> expressions,
                                const Schema& schema);
/// group_by() of such expressions.
Result<DataFrame> group_whole(const DataFrame& frame, std::span<const Expression> keys,
                              std::span<const Expression> expressions, const std::shared_ptr<MemoryBudget>& budget);

}  // namespace headrace::frame
