#include "frame/windows/sequence.h"

#include <fmt/format.h>

#include <algorithm>

#include "frame/column_function.h"
#include "frame/expressions/cast.h"
#include "frame/window.h"

namespace headrace::frame {
namespace {

constexpr std::span<const SequenceEntry> (*kTables[])() = {choosing_sequences, running_sequences, rank_sequences,
                                                           rolling_sequences};
/// Those that are made of others, by context.cpp.
constexpr std::string_view kMade[] = {"diff", "pct_change"};

const SequenceEntry* find(std::string_view name) {
  for (const auto table : kTables) {
    const auto entries = table();
    const auto entry = std::ranges::find(entries, name, &SequenceEntry::name);
    if (entry != entries.end()) return &*entry;
  }
  return nullptr;
}

}  // namespace

std::vector<uint32_t> groups_of(const Starts& starts) {
  std::vector<uint32_t> groups(starts.back());
  for (size_t group = 0; group + 1 < starts.size(); ++group) {
    std::fill(groups.begin() + static_cast<ptrdiff_t>(starts[group]),
              groups.begin() + static_cast<ptrdiff_t>(starts[group + 1]), static_cast<uint32_t>(group));
  }
  return groups;
}

bool is_sequence_function(const Expression::Function& function) {
  return find(function.name) != nullptr || std::ranges::find(kMade, function.name) != std::end(kMade);
}

bool has_window(const Expression& expression) {
  if (std::holds_alternative<Expression::Over>(expression.kind())) return true;
  if (const auto* call = std::get_if<Expression::Call>(&expression.kind());
      call != nullptr && call->function->traits().is_async)
    return true;
  const auto* function = std::get_if<Expression::Function>(&expression.kind());
  if (function != nullptr && is_sequence_function(*function)) return true;
  return std::ranges::any_of(expression.inputs(), has_window);
}

Result<BoundSequence> bind_sequence(const Expression::Function& what, SequenceTypes inputs) {
  const SequenceEntry* entry = find(what.name);
  if (entry == nullptr)
    return fail(ErrorKind::NotFound, fmt::format("there is no function {:?}", what.name), what.name);
  if (inputs.size() < entry->least_inputs || inputs.size() > entry->most_inputs ||
      what.options.size() < entry->options) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{} does not take {} inputs and {} options", what.name,
                                                        inputs.size(), what.options.size()));
  }
  HR_TRY(BoundSequence bound, entry->bind(inputs, what.options));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (can_cast(inputs[i], bound.inputs[i])) continue;
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{} cannot be cast to {}", to_string(inputs[i]), to_string(bound.inputs[i])));
  }
  return bound;
}

}  // namespace headrace::frame
