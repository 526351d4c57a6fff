#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "frame/array.h"
#include "frame/expression.h"

namespace headrace::frame {

/// Where groups of rows that lie one after the other begin, and at last where the last one ends.
using Starts = std::vector<uint64_t>;
/// The number of its group for each row.
std::vector<uint32_t> groups_of(const Starts& starts);

/// Rows that a function of sequences goes through, group by group; inputs have the types that it asked for.
struct SequenceCall {
  std::span<const Array> inputs;
  const Starts& starts;
  const std::shared_ptr<MemoryBudget>& budget;

  size_t rows() const { return starts.back(); }
  size_t groups() const { return starts.size() - 1; }
};

/// What such a function gives: a value for each row, or rows that begin elsewhere.
struct SequenceValues {
  Array values;
  std::optional<Starts> starts{};
};

/// A function whose types are found and checked. Thread-safe.
struct BoundSequence {
  std::vector<DataType> inputs;  ///< what they are cast to
  DataType result;
  bool is_of_group = false;  ///< one value for each group
  bool counts_rows = false;  ///< of the rows that there are, whatever its inputs are
  std::function<Result<SequenceValues>(const SequenceCall&)> evaluate;
};

using SequenceTypes = std::span<const DataType>;
using SequenceOptions = std::span<const Scalar>;

/// A row of the tables that these functions are found in.
struct SequenceEntry {
  std::string_view name;
  size_t least_inputs, most_inputs;
  size_t options;
  Result<BoundSequence> (*bind)(SequenceTypes inputs, SequenceOptions options);
};

/// InvalidArgument says what does not fit.
Result<BoundSequence> bind_sequence(const Expression::Function& what, SequenceTypes inputs);

// The tables, one a file.
std::span<const SequenceEntry> choosing_sequences();
std::span<const SequenceEntry> running_sequences();
std::span<const SequenceEntry> rank_sequences();
std::span<const SequenceEntry> rolling_sequences();

}  // namespace headrace::frame
