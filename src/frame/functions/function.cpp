#include "frame/functions/function.h"

#include <fmt/format.h>

#include <algorithm>

#include "frame/expressions/cast.h"

namespace headrace::frame {
namespace {

constexpr std::span<const FunctionEntry> (*kTables[])() = {text_functions,   text_pattern_functions, text_number_functions,
                                                           number_functions, choice_functions,       calendar_functions,
                                                           moment_functions};

/// Those that have a value, or null, for every row: plans may calculate them earlier than they stand.
constexpr std::string_view kNeverFail[] = {
    "str.len_bytes", "str.len_chars", "str.starts_with", "str.ends_with", "str.like", "str.slice", "str.head", "str.tail",
    "dt.year", "dt.month", "is_in", "dt.day", "dt.quarter", "dt.hour", "dt.minute", "dt.second",
};

const FunctionEntry* find(std::string_view name) {
  for (const auto table : kTables) {
    const auto entries = table();
    const auto entry = std::ranges::find(entries, name, &FunctionEntry::name);
    if (entry != entries.end()) return &*entry;
  }
  return nullptr;
}

}  // namespace

Result<Array> BoundFunction::call(std::span<const Operand> sides, size_t rows, const std::shared_ptr<MemoryBudget>& budget) const {
  const auto is_null = [](const Operand& side) { return side.is_scalar() && side.scalar().is_null(); };
  if (std::ranges::any_of(sides.first(std::min(needed, sides.size())), is_null)) return Array::all_null(result, rows, budget);
  return evaluate({sides, rows, budget, needed});
}

Result<BoundFunction> bind_function(const Expression::Function& what, FunctionInputs inputs) {
  const FunctionEntry* entry = find(what.name);
  if (entry == nullptr) return fail(ErrorKind::NotFound, fmt::format("there is no function {:?}", what.name), what.name);
  if (inputs.size() < entry->least_inputs || inputs.size() > entry->most_inputs || what.options.size() < entry->options) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{} does not take {} inputs and {} options", what.name, inputs.size(), what.options.size()));
  }
  HR_TRY(BoundFunction bound, entry->bind(inputs, what.options));
  bound.can_fail = std::ranges::find(kNeverFail, what.name) == std::end(kNeverFail);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (can_cast(inputs[i].type, bound.inputs[i])) continue;
    return fail(ErrorKind::InvalidArgument, fmt::format("{} cannot be cast to {}", to_string(inputs[i].type), to_string(bound.inputs[i])));
  }
  return bound;
}

}  // namespace headrace::frame
