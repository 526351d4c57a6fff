#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "frame/aggregates/bound_aggregate.h"
#include "frame/expressions/bound_expression.h"
#include "frame/windows/sequence.h"

namespace headrace::frame {

/// Rows that expressions are calculated over whole, in groups that lie one after the other.
struct Context {
  const Chunk& chunk;  ///< columns of the schema; those that are not read may be empty
  std::shared_ptr<const Starts> starts;
  const std::shared_ptr<MemoryBudget>& budget;
  bool is_outermost = false;             ///< nothing else runs beside it: large parts are divided among the threads
  std::function<bool()> is_cancelled{};  ///< what waits looks at it

  size_t groups() const { return starts->size() - 1; }
};

/// A value for each row of some groups, or without `starts` one for each group.
struct Values {
  Array array;
  std::shared_ptr<const Starts> starts{};
};
/// The same for each row.
Result<Array> rows_of(const Values& values, const Starts& starts, const std::shared_ptr<MemoryBudget>& budget);

/// An expression in which aggregates, functions of sequences and windows may stand anywhere, within one another too,
/// over the columns of a schema; its types found and checked. Immutable; thread-safe.
class ContextExpression {
 public:
  /// NotFound or InvalidArgument names the part of the expression that is wrong.
  static Result<ContextExpression> bind(const Expression& expression, const Schema& schema);

  const DataType& type() const { return rest_->type(); }
  /// Whether it has a value for each row, and not for each group.
  bool is_of_rows() const { return is_of_rows_; }
  /// Marks the columns of the schema that it reads, no others.
  void mark_columns(std::vector<bool>& read) const;
  /// OutOfRange names the part of the expression; InvalidArgument where sides have different numbers of rows.
  Result<Values> evaluate(const Context& context) const;

  /// What stands for an aggregate, a sequence's function or a window.
  class Part {
   public:
    virtual ~Part() = default;
    virtual bool is_of_rows() const = 0;
    virtual void mark_columns(std::vector<bool>& read) const = 0;
    virtual Result<Values> evaluate(const Context& context) const = 0;
  };

 private:
  Result<Array> rest_of_rows(const Context& context, const Chunk& chunk) const;

  size_t width_ = 0;
  std::vector<std::shared_ptr<const Part>> parts_;
  std::optional<BoundExpression> rest_;  ///< over the schema's columns and the parts' values behind them
  bool is_part_ = false;                 ///< the rest is a part, as it is
  bool reads_rows_ = false;              ///< a column stands outside of all parts
  bool is_of_rows_ = false;
  std::string text_;
};

}  // namespace headrace::frame
