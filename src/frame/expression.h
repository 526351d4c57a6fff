#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "frame/data_frame.h"
#include "frame/int128.h"

namespace headrace::frame {

/// One value with its type; null of any type.
class Scalar {
 public:
  /// Null, of type Null.
  Scalar() = default;
  static Scalar null(DataType type);
  static Scalar of(bool value);
  static Scalar of(int64_t value);
  static Scalar of(double value);
  static Scalar of(std::string value);
  /// A value as a column of `type` holds it: whole numbers and times by number, floats by float, String and Binary by bytes, decimals
  /// without their point.
  static Scalar of(DataType type, std::variant<bool, Int128, double, std::string> value);
  /// A row of an array. Lists have none: Unsupported.
  static Result<Scalar> at(const Array& array, size_t row);

  const DataType& type() const { return type_; }
  bool is_null() const { return !value_.has_value(); }
  bool as_bool() const { return std::get<bool>(*value_); }
  Int128 as_whole() const { return std::get<Int128>(*value_); }
  double as_float() const { return std::get<double>(*value_); }
  const std::string& as_bytes() const { return std::get<std::string>(*value_); }

  bool operator==(const Scalar&) const = default;

 private:
  DataType type_;
  std::optional<std::variant<bool, Int128, double, std::string>> value_;
};
std::string to_string(const Scalar& scalar);

enum class BinaryOperator : uint8_t {
  Add, Subtract, Multiply,
  Divide,       ///< whole numbers give Float64
  FloorDivide,  ///< towards minus infinity
  Modulo,       ///< with the sign of the divisor
  Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual,
  EqualMissing, NotEqualMissing,  ///< null is equal to null, and the answer never null
  And, Or, Xor,                   ///< of three values, as Kleene has them
};
/// As Python writes it: "+", "//", "eq_missing".
const char* symbol(BinaryOperator op);
enum class UnaryOperator : uint8_t { Not, Negate, IsNull, IsNotNull, IsNan, IsNotNan };

enum class AggregateOperator : uint8_t {
  Len,        ///< rows
  Count,      ///< rows with a value
  NullCount,
  Sum,        ///< of whole numbers an error if it does not fit its type; of floats exact, rounded once
  Mean, Min, Max,
  First, Last,  ///< in the order of rows, null like any value
  NUnique,      ///< null is a value
  Median, Quantile, Std, Var,
  Any, All,
  Product,
  Implode,  ///< a list of all values
};
/// As Python writes it: "n_unique".
const char* name(AggregateOperator op);
/// What a quantile between two values is.
enum class Interpolation : uint8_t { Nearest, Lower, Higher, Midpoint, Linear, Equiprobable };
/// InvalidArgument for anything but "nearest", "lower", "higher", "midpoint", "linear", "equiprobable".
Result<Interpolation> interpolation_of(std::string_view name);

/// Which rows around a row an aggregate sees, in the order of a window; begin and end are among them.
struct WindowFrame {
  enum class Unit : uint8_t {
    Rows,   ///< offsets count rows
    Range,  ///< offsets are of the values of the one order key; the current row is all rows that are equal in the order keys
  };
  enum class Bound : uint8_t { UnboundedPreceding, Preceding, CurrentRow, Following, UnboundedFollowing };
  Unit unit = Unit::Rows;
  Bound begin = Bound::UnboundedPreceding, end = Bound::CurrentRow;
  Scalar begin_offset{}, end_offset{};  ///< of Preceding and Following: no less than 0
  bool operator==(const WindowFrame&) const = default;
};
struct WindowSpec;
class ColumnFunction;

/// How a column is calculated from others, by names. Immutable; copies share. Nothing is checked before bind().
class Expression {
 public:
  static Expression column(std::string name);
  static Expression literal(Scalar value);
  static Expression binary(BinaryOperator op, Expression left, Expression right);
  static Expression unary(UnaryOperator op, Expression input);
  /// `strict`: a value that does not fit is an error, else null.
  static Expression cast(Expression input, DataType type, bool strict);
  static Expression when(Expression condition, Expression then, Expression otherwise);
  /// One value of many rows: of a frame's, or of each group's.
  struct Aggregate {
    AggregateOperator op = AggregateOperator::Len;
    double quantile = 0.5;
    Interpolation interpolation = Interpolation::Nearest;
    uint8_t ddof = 1;          ///< of Std and Var: what the number of values is lessened by
    bool ignore_nulls = true;  ///< of Any and All: else null is Kleene's
    bool operator==(const Aggregate&) const = default;
  };
  static Expression aggregate(Aggregate what, Expression input);
  /// How many rows there are; named "len".
  static Expression len();
  /// A function of rows by its name in Python, "str.contains" or "abs": of `inputs`, which are calculated for each row, and of
  /// `options`, which are the same for all. docs/frames.md lists them; bind() gives NotFound for others.
  struct Function { std::string name; std::vector<Scalar> options; bool operator==(const Function&) const = default; };
  static Expression function(Function what, std::vector<Expression> inputs);
  /// The expression over the rows that are equal in keys, as window.h says.
  static Expression over(Expression input, const WindowSpec& window);
  /// A function of column_function.h.
  static Expression call(std::shared_ptr<const ColumnFunction> function, std::vector<Expression> inputs);
  Expression alias(std::string name) const;
  /// The same over other inputs.
  Expression with_inputs(std::vector<Expression> inputs) const { return Expression(node_->kind, std::move(inputs)); }

  struct Column { std::string name; bool operator==(const Column&) const = default; };
  struct Literal { Scalar value; bool operator==(const Literal&) const = default; };
  struct Binary { BinaryOperator op; bool operator==(const Binary&) const = default; };
  struct Unary { UnaryOperator op; bool operator==(const Unary&) const = default; };
  struct Cast { DataType type; bool strict; bool operator==(const Cast&) const = default; };
  struct When { bool operator==(const When&) const = default; };
  struct Alias { std::string name; bool operator==(const Alias&) const = default; };
  /// Inputs: the expression, `keys` of the partition, then those of the order.
  struct Over {
    size_t keys = 0;
    std::vector<bool> descending, nulls_last;  ///< of each order key
    std::optional<WindowFrame> frame;
    bool operator==(const Over&) const = default;
  };
  struct Call { std::shared_ptr<const ColumnFunction> function; bool operator==(const Call&) const; };
  using Kind = std::variant<Column, Literal, Binary, Unary, Cast, When, Aggregate, Function, Alias, Over, Call>;

  const Kind& kind() const { return node_->kind; }
  const std::vector<Expression>& inputs() const { return node_->inputs; }
  /// The name of the result: an alias, or the leftmost column's; "literal" without one.
  const std::string& name() const;
  /// Whether both are written the same, part by part.
  bool operator==(const Expression& other) const;

 private:
  struct Node {
    Kind kind;
    std::vector<Expression> inputs;
  };
  explicit Expression(Kind kind, std::vector<Expression> inputs = {})
      : node_(std::make_shared<const Node>(std::move(kind), std::move(inputs))) {}
  std::shared_ptr<const Node> node_;
};

/// As it would be written in Python: col("a") + 1.
std::string to_string(const Expression& expression);

// Frames by expressions, at once and in parallel. Rows keep their order. The errors are bind()'s and evaluate()'s: NotFound,
// InvalidArgument and OutOfRange name the part of the expression.

/// One column for each expression; of one row if none of them has a column in it.
Result<DataFrame> select(const DataFrame& frame, std::span<const Expression> expressions,
                         const std::shared_ptr<MemoryBudget>& budget = process_budget());
/// The frame's columns, replaced by those of their names, and new ones behind them.
Result<DataFrame> with_columns(const DataFrame& frame, std::span<const Expression> expressions,
                               const std::shared_ptr<MemoryBudget>& budget = process_budget());
/// The rows where the condition is true, and neither false nor null.
Result<DataFrame> filter(const DataFrame& frame, const Expression& condition,
                         const std::shared_ptr<MemoryBudget>& budget = process_budget());

}  // namespace headrace::frame
