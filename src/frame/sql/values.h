#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frame/expression.h"

namespace headrace::frame::sql {

/// An expression with what SQL's rules need to know of it.
struct Value {
  Expression expression;
  DataType type;
  bool nullable = true;

  /// The value, if it is the same for all rows and known.
  const Scalar* literal() const {
    const auto* found = std::get_if<Expression::Literal>(&expression.kind());
    return found == nullptr ? nullptr : &found->value;
  }
  bool is_text_literal() const { return literal() != nullptr && type.id() == TypeId::String; }
};

/// The types of the columns that a query's expressions may read, and values built by DuckDB's rules: each takes expressions and gives one
/// whose type and values are those. Errors say what is wrong without the place.
class Values {
 public:
  void add_column(const std::string& id, const DataType& type) { types_.insert_or_assign(id, type); }

  /// Typed; calculated at once if it reads no column.
  Result<Value> make(const Expression& expression, bool nullable) const;
  Value column(const std::string& id, bool nullable) const;

  static Value literal(Scalar scalar);
  static Value boolean(bool value) { return literal(Scalar::of(value)); }
  static Result<Value> number(std::string_view text);

  /// "+", "-", "*", "/", "//", "%", "^", "||".
  Result<Value> arithmetic(std::string_view op, const Value& left, const Value& right) const;
  /// "=", "<>", "<", "<=", ">", ">=".
  Result<Value> comparison(std::string_view op, const Value& left, const Value& right) const;
  /// Both sides as they are to be compared: of one kind.
  Result<std::pair<Value, Value>> comparable(const Value& left, const Value& right) const;
  /// Of values that stand for one another, as in CASE: all of one type.
  Result<std::vector<Value>> alike(std::vector<Value> values) const;
  Result<Value> negated(const Value& value) const;
  Result<Value> logical_not(const Value& value) const;
  Result<Value> all_of(const std::vector<Value>& values) const;
  Result<Value> any_of(const std::vector<Value>& values) const;
  Result<Value> when(const Value& condition, const Value& then, const Value& otherwise) const;
  Result<Value> is_null(const Value& value, bool negated) const;
  Result<Value> in(const Value& value, const std::vector<Value>& list) const;
  Result<Value> like(const Value& value, const Value& pattern, std::optional<char> escape, bool ignore_case) const;
  /// `quietly`: null where it fails.
  Result<Value> cast(const Value& value, const DataType& type, bool quietly) const;
  /// A date or a moment, so many units ("mo") later.
  Result<Value> later(const Value& value, int64_t count, std::string_view unit) const;
  Result<Value> function(const char* name, const std::vector<Value>& inputs, std::vector<Scalar> options = {}) const;

 private:
  static Result<Value> truth_of(const Value& text);
  Result<Value> whole_division(const Value& left, const Value& right, bool remainder) const;
  Result<Value> checked(BinaryOperator op, const Value& left, const Value& right) const;
  Result<Value> of_dates(std::string_view op, const Value& left, const Value& right) const;
  Result<Value> concatenated(const Value& left, const Value& right) const;

  std::map<std::string, DataType, std::less<>> types_;
};

/// The type that values of both stand in for one another as; none if there is none.
std::optional<DataType> type_of_both(const DataType& left, const DataType& right);

}  // namespace headrace::frame::sql
