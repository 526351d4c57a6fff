#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frame/expression.h"

namespace headrace::frame {

/// How something that is no expression enters a plan: a tokenizer, a model, a function of a user's. A value for each row, from the values
/// of that row. Immutable; thread-safe.
class ColumnFunction {
 public:
  struct Traits {
    /// Equal rows may give different values: a call is neither merged with another, nor made twice, nor moved.
    bool is_volatile = false;
    /// A row may be an error: no call is made for a row that a condition before it drops.
    bool can_fail = true;
    /// What a row costs, in units of an addition: cheap conditions come before costly ones.
    double cost = 1000;
    /// Rows of a call: as many as that, the last call aside.
    size_t preferred_rows = size_t{16} << 10;
    /// Calls are started and answer when they will, in any order; no thread of the pool waits for them.
    bool is_async = false;
    /// Calls of an async one that may be on their way at a time.
    size_t most_calls = 8;
  };

  virtual ~ColumnFunction() = default;
  virtual std::string name() const = 0;
  virtual Traits traits() const = 0;
  /// The type of the values; InvalidArgument says which input does not fit.
  virtual Result<DataType> bind(std::span<const DataType> inputs) const = 0;
  /// Values for `rows` rows. Called by threads of the pool, unless the function is async: then by start() alone.
  virtual Result<Array> call(std::span<const Array> inputs, size_t rows, const std::shared_ptr<MemoryBudget>& budget) const = 0;

  using Answer = std::function<void(Result<Array>)>;
  /// Of an async one: returns at once; `answer` is called once, from any thread. A call that finds `cancelled` raised may answer with
  /// Cancelled. As it stands here, it answers with call() before it returns.
  virtual void start(std::vector<Array> inputs, size_t rows, std::shared_ptr<MemoryBudget> budget,
                     std::shared_ptr<const std::atomic<bool>> cancelled, Answer answer) const;
};

/// Internal, which names the function, unless an answer has the type and the rows that were asked for.
Result<void> check_answer(const ColumnFunction& function, const Array& answer, const DataType& type, size_t rows);
/// A column's values as the one array that a call answers with.
Result<Array> one_array(const Column& column, const std::shared_ptr<MemoryBudget>& budget);
/// Whether a call of a column function stands in an expression, and whether one that is async or volatile does.
bool has_call(const Expression& expression);
bool has_call_of_its_own(const Expression& expression);

}  // namespace headrace::frame
