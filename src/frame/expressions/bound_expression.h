#pragma once

#include <memory>
#include <span>
#include <vector>

#include "frame/expression.h"
#include "frame/expressions/operand.h"

namespace headrace::frame {

/// Columns of equal length, contiguous: what expressions are calculated over.
struct Chunk {
  std::vector<Array> columns;
  size_t rows = 0;
};

/// An expression over the columns of a schema, its types found and checked, casts put in. Immutable; thread-safe.
class BoundExpression {
 public:
  /// NotFound or InvalidArgument names the part of the expression that is wrong.
  static Result<BoundExpression> bind(const Expression& expression, const Schema& schema);
  /// With aggregates, whose values for each row are further columns, behind those of the schema, of these types.
  static Result<BoundExpression> bind(const Expression& expression, const Schema& schema, std::span<const Expression> aggregates,
                                      std::span<const DataType> types);

  const DataType& type() const;
  /// Whether a row can be an error: a strict cast, a decimal beyond its digits.
  bool can_fail() const;
  /// Marks the columns of the schema that it reads, no others.
  void mark_columns(std::vector<bool>& read) const;
  /// A value for each row of the chunk, whose columns are the schema's; those that are not read may be empty. OutOfRange names the part of
  /// the expression.
  Result<Array> evaluate(const Chunk& chunk, const std::shared_ptr<MemoryBudget>& budget) const;

  /// The same, cast.
  BoundExpression cast_to(const DataType& type) const;

  struct Node;

 private:
  std::shared_ptr<const Node> node_;
};

}  // namespace headrace::frame
