#include "frame/column_function.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "frame/operators/gather_rows.h"

namespace headrace::frame {

void ColumnFunction::start(std::vector<Array> inputs, size_t rows, std::shared_ptr<MemoryBudget> budget,
                           std::shared_ptr<const std::atomic<bool>> cancelled, Answer answer) const {
  if (cancelled && *cancelled) return answer(fail(ErrorKind::Cancelled, "The query was cancelled."));
  answer(call(inputs, rows, budget));
}

Result<void> check_answer(const ColumnFunction& function, const Array& answer, const DataType& type, size_t rows) {
  if (answer.type() != type) {
    return fail(ErrorKind::InvalidData, fmt::format("{} gave {} where it had said {}", function.name(),
                                                    to_string(answer.type()), to_string(type)));
  }
  if (answer.size() != rows) {
    return fail(ErrorKind::InvalidData,
                fmt::format("{} gave {} values for {} rows", function.name(), answer.size(), rows));
  }
  return {};
}

Result<Array> one_array(const Column& column, const std::shared_ptr<MemoryBudget>& budget) {
  return contiguous(column, budget);
}

bool has_call(const Expression& expression) {
  return std::holds_alternative<Expression::Call>(expression.kind()) ||
         std::ranges::any_of(expression.inputs(), has_call);
}

bool has_call_of_its_own(const Expression& expression) {
  const auto* call = std::get_if<Expression::Call>(&expression.kind());
  if (call != nullptr && (call->function->traits().is_async || call->function->traits().is_volatile)) return true;
  return std::ranges::any_of(expression.inputs(), has_call_of_its_own);
}

}  // namespace headrace::frame
