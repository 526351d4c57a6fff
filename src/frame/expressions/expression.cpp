#include "frame/expression.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <utility>

#include "frame/column_function.h"
#include "frame/window.h"

namespace headrace::frame {

Expression Expression::column(std::string name) { return Expression(Column{std::move(name)}); }
Expression Expression::literal(Scalar value) { return Expression(Literal{std::move(value)}); }
Expression Expression::binary(BinaryOperator op, Expression left, Expression right) {
  return Expression(Binary{op}, {std::move(left), std::move(right)});
}
Expression Expression::unary(UnaryOperator op, Expression input) { return Expression(Unary{op}, {std::move(input)}); }
Expression Expression::cast(Expression input, DataType type, bool strict) {
  return Expression(Cast{std::move(type), strict}, {std::move(input)});
}
Expression Expression::when(Expression condition, Expression then, Expression otherwise) {
  // The value comes first: it names the result.
  return Expression(When{}, {std::move(then), std::move(otherwise), std::move(condition)});
}
Expression Expression::aggregate(Aggregate what, Expression input) { return Expression(what, {std::move(input)}); }
Expression Expression::len() { return Expression(Aggregate{}); }
Expression Expression::function(Function what, std::vector<Expression> inputs) { return Expression(std::move(what), std::move(inputs)); }
Expression Expression::over(Expression input, const WindowSpec& window) {
  Over over{.keys = window.partition_by.size(), .descending = {}, .nulls_last = {}, .frame = window.frame};
  std::vector<Expression> inputs{std::move(input)};
  inputs.insert(inputs.end(), window.partition_by.begin(), window.partition_by.end());
  for (const SortBy& by : window.order_by) {
    inputs.push_back(by.expression);
    over.descending.push_back(by.descending);
    over.nulls_last.push_back(by.nulls_last);
  }
  return Expression(std::move(over), std::move(inputs));
}
Expression Expression::call(std::shared_ptr<const ColumnFunction> function, std::vector<Expression> inputs) {
  return Expression(Call{std::move(function)}, std::move(inputs));
}
/// Two calls of a volatile function are two.
bool Expression::Call::operator==(const Call& other) const { return function == other.function && !function->traits().is_volatile; }
Expression Expression::alias(std::string name) const { return Expression(Alias{std::move(name)}, {*this}); }

const std::string& Expression::name() const {
  static const std::string kLiteral = "literal", kLen = "len";
  if (const auto* column = std::get_if<Column>(&kind())) return column->name;
  if (const auto* alias = std::get_if<Alias>(&kind())) return alias->name;
  if (!inputs().empty()) return inputs().front().name();
  return std::holds_alternative<Aggregate>(kind()) ? kLen : kLiteral;
}

bool Expression::operator==(const Expression& other) const {
  return node_ == other.node_ || (kind() == other.kind() && inputs() == other.inputs());
}

const char* symbol(BinaryOperator op) {
  constexpr const char* kSymbols[] = {"+",  "-", "*",  "/",          "//",         "%", "==", "!=", "<",
                                      "<=", ">", ">=", "eq_missing", "ne_missing", "&", "|",  "^"};
  return kSymbols[static_cast<size_t>(op)];
}

const char* name(AggregateOperator op) {
  constexpr const char* kNames[] = {"len",      "count",  "null_count", "sum", "mean", "min", "max", "first",   "last",
                                    "n_unique", "median", "quantile",   "std", "var",  "any", "all", "product", "implode"};
  return kNames[static_cast<size_t>(op)];
}

namespace {

constexpr const char* kInterpolations[] = {"nearest", "lower", "higher", "midpoint", "linear", "equiprobable"};

}  // namespace

Result<Interpolation> interpolation_of(std::string_view name) {
  for (size_t i = 0; i < std::size(kInterpolations); ++i) {
    if (name == kInterpolations[i]) return static_cast<Interpolation>(i);
  }
  return fail(ErrorKind::InvalidArgument, fmt::format("{:?} is no interpolation; {} are.", name, fmt::join(kInterpolations, ", ")),
              std::string(name));
}

namespace {

std::string arguments_of(const Expression::Aggregate& what) {
  switch (what.op) {
    case AggregateOperator::Quantile:
      return fmt::format("{}, {:?}", what.quantile, kInterpolations[static_cast<size_t>(what.interpolation)]);
    case AggregateOperator::Std:
    case AggregateOperator::Var: return what.ddof == 1 ? "" : fmt::format("ddof={}", what.ddof);
    case AggregateOperator::Any:
    case AggregateOperator::All: return what.ignore_nulls ? "" : "ignore_nulls=False";
    default: return "";
  }
}

/// What a visitor of each kind is made of.
template <class... Each>
struct Overloaded : Each... {
  using Each::operator()...;
};

std::string text_of(const WindowFrame& frame) {
  const auto bound = [](WindowFrame::Bound which, const Scalar& offset) -> std::string {
    switch (which) {
      case WindowFrame::Bound::UnboundedPreceding: return "unbounded preceding";
      case WindowFrame::Bound::Preceding: return fmt::format("{} preceding", to_string(offset));
      case WindowFrame::Bound::CurrentRow: return "current row";
      case WindowFrame::Bound::Following: return fmt::format("{} following", to_string(offset));
      case WindowFrame::Bound::UnboundedFollowing: return "unbounded following";
    }
    std::unreachable();
  };
  const char* unit = frame.unit == WindowFrame::Unit::Rows ? "rows" : "range";
  return fmt::format("{} between {} and {}", unit, bound(frame.begin, frame.begin_offset), bound(frame.end, frame.end_offset));
}

std::string text_of(const Expression::Over& over, std::span<const Expression> inputs) {
  std::vector<std::string> arguments, orders;
  for (size_t i = 0; i < over.keys; ++i) arguments.push_back(to_string(inputs[1 + i]));
  for (size_t i = 0; i < over.descending.size(); ++i) {
    orders.push_back(fmt::format("{}{}{}", to_string(inputs[1 + over.keys + i]), over.descending[i] ? " descending" : "",
                                 over.nulls_last[i] ? " nulls last" : ""));
  }
  if (!orders.empty()) arguments.push_back(fmt::format("order_by=[{}]", fmt::join(orders, ", ")));
  if (over.frame) arguments.push_back(text_of(*over.frame));
  return fmt::format("{}.over({})", to_string(inputs[0]), fmt::join(arguments, ", "));
}

std::string applied(UnaryOperator op, const std::string& input) {
  switch (op) {
    case UnaryOperator::Not: return "~" + input;
    case UnaryOperator::Negate: return "-" + input;
    case UnaryOperator::IsNull: return input + ".is_null()";
    case UnaryOperator::IsNotNull: return input + ".is_not_null()";
    case UnaryOperator::IsNan: return input + ".is_nan()";
    case UnaryOperator::IsNotNan: return input + ".is_not_nan()";
  }
  std::unreachable();
}

}  // namespace

std::string to_string(const Scalar& scalar) {
  if (scalar.is_null()) return "null";
  switch (scalar.type().id()) {
    case TypeId::Bool: return scalar.as_bool() ? "true" : "false";
    case TypeId::Float16:
    case TypeId::Float32:
    case TypeId::Float64: return fmt::format("{}", scalar.as_float());
    case TypeId::String:
    case TypeId::Binary: return fmt::format("{:?}", scalar.as_bytes());
    default: return fmt::format("{}", scalar.as_whole());
  }
}

std::string to_string(const Expression& expression) {
  const auto& inputs = expression.inputs();
  const auto input = [&](size_t i) { return to_string(inputs[i]); };
  return std::visit(
      Overloaded{
          [](const Expression::Column& column) { return fmt::format("col({:?})", column.name); },
          [](const Expression::Literal& literal) { return to_string(literal.value); },
          [&](const Expression::Binary& binary) {
            const bool is_call = binary.op == BinaryOperator::EqualMissing || binary.op == BinaryOperator::NotEqualMissing;
            if (is_call) return fmt::format("{}.{}({})", input(0), symbol(binary.op), input(1));
            return fmt::format("({} {} {})", input(0), symbol(binary.op), input(1));
          },
          [&](const Expression::Unary& unary) { return applied(unary.op, input(0)); },
          [&](const Expression::Cast& cast) {
            return fmt::format("{}.cast({}{})", input(0), to_string(cast.type), cast.strict ? "" : ", strict=False");
          },
          [&](const Expression::When&) { return fmt::format("when({}).then({}).otherwise({})", input(2), input(0), input(1)); },
          [&](const Expression::Aggregate& what) {
            return inputs.empty() ? std::string("len()") : fmt::format("{}.{}({})", input(0), name(what.op), arguments_of(what));
          },
          [&](const Expression::Function& what) {
            std::vector<std::string> rest;
            for (size_t i = 1; i < inputs.size(); ++i) rest.push_back(input(i));
            for (const Scalar& option : what.options) rest.push_back(to_string(option));
            return fmt::format("{}.{}({})", input(0), what.name, fmt::join(rest, ", "));
          },
          [&](const Expression::Over& over) { return text_of(over, inputs); },
          [&](const Expression::Call& call) {
            std::vector<std::string> rest;
            for (size_t i = 1; i < inputs.size(); ++i) rest.push_back(input(i));
            return fmt::format("{}.{}({})", input(0), call.function->name(), fmt::join(rest, ", "));
          },
          [&](const Expression::Alias& alias) { return fmt::format("{}.alias({:?})", input(0), alias.name); },
      },
      expression.kind());
}

}  // namespace headrace::frame
