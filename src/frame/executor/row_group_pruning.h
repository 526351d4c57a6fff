#pragma once

#include <optional>
#include <vector>

#include "frame/expressions/bound_expression.h"
#include "frame/parquet/open_file.h"

namespace headrace::frame {

/// Tells from a row group's statistics that no row of it fulfils some conditions. NaN is in no statistics, so nothing is told of what
/// NaN might fulfil.
class RowGroupPruning {
 public:
  /// `schema`: of the columns that conditions read.
  RowGroupPruning(const std::vector<Expression>& conditions, const Schema& schema);

  /// False if it is certain that no row does. `columns`: where in the file those of the schema are.
  bool may_hold(const parquet::OpenFile& file, size_t group, const std::vector<size_t>& columns) const;

 private:
  struct Part {
    enum class Kind : uint8_t { All, Any, Compare, IsNull, IsNotNull, Unknown };
    Kind kind = Kind::Unknown;
    std::vector<Part> parts{};
    size_t column = 0;
    // Of Compare: what the least and the greatest value must fulfil so that any may.
    std::optional<BoundExpression> least{}, greatest{};
    bool of_both = false;  ///< no row does only if both are fulfilled, and the comparison is theirs turned round
  };
  Part part_of(const Expression& condition) const;
  Part comparison(const Expression& condition, BinaryOperator op) const;
  static bool may_hold(const Part& part, const parquet::OpenFile& file, size_t group, const std::vector<size_t>& columns);
  static bool may_compare(const Part& part, const parquet::OpenFile& file, size_t group, const std::vector<size_t>& columns);

  Schema schema_;
  std::vector<Part> parts_;
};

}  // namespace headrace::frame
