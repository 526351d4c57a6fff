#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "frame/expressions/operand.h"

namespace headrace::frame {

/// What a function is bound to: a type, and the value if it is the same for all rows.
struct FunctionInput {
  DataType type;
  const Scalar* literal = nullptr;
};

/// The rows that a function is calculated for. Inputs have the types that it asked for; all of them may be one value.
struct FunctionCall {
  std::span<const Operand> inputs;
  size_t rows;
  const std::shared_ptr<MemoryBudget>& budget;
  size_t needed = SIZE_MAX;  ///< as in BoundFunction
};

/// A function whose types are found and checked. Thread-safe.
struct BoundFunction {
  std::vector<DataType> inputs;  ///< what they are cast to
  DataType result;
  std::function<Result<Array>(const FunctionCall&)> evaluate;
  bool can_fail = true;      ///< for the values of a row; memory aside
  size_t needed = SIZE_MAX;  ///< so many of the inputs, from the first on, make a row null by a null; the others are looked at

  Result<Array> call(std::span<const Operand> sides, size_t rows, const std::shared_ptr<MemoryBudget>& budget) const;
};

using FunctionInputs = std::span<const FunctionInput>;
using FunctionOptions = std::span<const Scalar>;

/// A row of the tables that functions are found in.
struct FunctionEntry {
  std::string_view name;
  size_t least_inputs, most_inputs;
  size_t options;
  Result<BoundFunction> (*bind)(FunctionInputs inputs, FunctionOptions options);
};

/// NotFound if there is no such function; InvalidArgument says what does not fit.
Result<BoundFunction> bind_function(const Expression::Function& what, FunctionInputs inputs);

// The tables, one a file.
std::span<const FunctionEntry> text_functions();
std::span<const FunctionEntry> text_pattern_functions();
std::span<const FunctionEntry> text_number_functions();
std::span<const FunctionEntry> number_functions();
std::span<const FunctionEntry> choice_functions();
std::span<const FunctionEntry> calendar_functions();
std::span<const FunctionEntry> moment_functions();

}  // namespace headrace::frame
