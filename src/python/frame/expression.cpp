#include <nanobind/operators.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "frame/expression.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/values.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::BinaryOperator;
using frame::Expression;
using frame::Scalar;
using frame::UnaryOperator;

namespace {

/// A Python value as a literal of the type that a column of it would have.
Expression literal_of(nb::handle value, const std::optional<frame::DataType>& type) {
  nb::list one;
  one.append(value);
  const frame::Column column = column_from_sequence(one, type);
  if (column.chunks().empty()) return Expression::literal(Scalar());
  const Scalar scalar = value_or_raise(Scalar::at(column.chunks()[0], 0));
  // A whole number that nothing says more of is as wide as Polars has it.
  const bool narrow = !type && column.type().id() == frame::TypeId::Int64 && !scalar.is_null() &&
                      std::in_range<int32_t>(static_cast<int64_t>(scalar.as_whole()));
  return Expression::literal(narrow ? Scalar::of(frame::TypeId::Int32, scalar.as_whole()) : scalar);
}

/// What may be selected: an expression, or a column's name.
Expression selected(nb::handle value) {
  if (nb::isinstance<nb::str>(value)) return Expression::column(nb::cast<std::string>(value));
  return expression_of(value);
}

}  // namespace

Expression expression_of(nb::handle value) {
  if (nb::isinstance<Expression>(value)) return nb::cast<Expression&>(value);
  return literal_of(value, std::nullopt);
}

Scalar scalar_of(nb::handle value) { return std::get<Expression::Literal>(literal_of(value, std::nullopt).kind()).value; }

std::vector<Expression> expressions_of(const nb::args& positional, const nb::kwargs& named) {
  std::vector<Expression> all;
  for (const nb::handle each : positional) {
    if (nb::isinstance<nb::list>(each) || nb::isinstance<nb::tuple>(each)) {
      for (const nb::handle one : each) all.push_back(selected(one));
    } else {
      all.push_back(selected(each));
    }
  }
  for (const auto& [name, value] : named) all.push_back(expression_of(value).alias(nb::cast<std::string>(name)));
  return all;
}

Expression condition_of(const nb::args& conditions) {
  std::optional<Expression> all;
  for (const nb::handle each : conditions) {
    const Expression one = expression_of(each);
    all = all ? Expression::binary(BinaryOperator::And, *all, one) : one;
  }
  return all ? *all : Expression::literal(Scalar::of(true));
}

std::vector<std::pair<const char*, frame::AggregateOperator>> plain_aggregates() {
  using enum frame::AggregateOperator;
  return {{"len", Len},       {"count", Count},     {"null_count", NullCount}, {"sum", Sum},   {"mean", Mean},
          {"min", Min},       {"max", Max},         {"first", First},          {"last", Last}, {"n_unique", NUnique},
          {"median", Median}, {"product", Product}, {"implode", Implode}};
}

namespace {

void bind_aggregates(nb::class_<Expression>& type) {
  using enum frame::AggregateOperator;
  for (const auto& [name, op] : plain_aggregates()) {
    type.def(name, [op](const Expression& input) { return Expression::aggregate({.op = op}, input); });
  }
  type.def(
      "quantile",
      [](const Expression& input, double quantile, const std::string& interpolation) {
        return Expression::aggregate(
            {.op = Quantile, .quantile = quantile, .interpolation = value_or_raise(frame::interpolation_of(interpolation))}, input);
      },
      nb::arg("quantile"), nb::arg("interpolation") = "nearest");
  for (const auto& [name, op] : {std::pair{"std", Std}, {"var", Var}}) {
    type.def(
        name, [op](const Expression& input, uint8_t ddof) { return Expression::aggregate({.op = op, .ddof = ddof}, input); },
        nb::arg("ddof") = 1);
  }
  for (const auto& [name, op] : {std::pair{"any", Any}, {"all", All}}) {
    type.def(
        name,
        [op](const Expression& input, bool ignore_nulls) { return Expression::aggregate({.op = op, .ignore_nulls = ignore_nulls}, input); },
        nb::kw_only(), nb::arg("ignore_nulls") = true);
  }
}

}  // namespace

void bind_expression(nb::module_& module) {
  nb::class_<Expression> type(module, "Expr");
  const auto binary = [&](const char* name, BinaryOperator op) {
    type.def(name, [op](const Expression& left, nb::handle right) { return Expression::binary(op, left, expression_of(right)); });
  };
  const auto reflected = [&](const char* name, BinaryOperator op) {
    type.def(name, [op](const Expression& right, nb::handle left) { return Expression::binary(op, expression_of(left), right); });
  };
  const auto unary = [&](const char* name, UnaryOperator op) {
    type.def(name, [op](const Expression& input) { return Expression::unary(op, input); });
  };
  using enum BinaryOperator;
  for (const auto& [name, op] : {std::pair{"__add__", Add},
                                 {"__sub__", Subtract},
                                 {"__mul__", Multiply},
                                 {"__truediv__", Divide},
                                 {"__floordiv__", FloorDivide},
                                 {"__mod__", Modulo},
                                 {"__eq__", Equal},
                                 {"__ne__", NotEqual},
                                 {"__lt__", Less},
                                 {"__le__", LessEqual},
                                 {"__gt__", Greater},
                                 {"__ge__", GreaterEqual},
                                 {"__and__", And},
                                 {"__or__", Or},
                                 {"__xor__", Xor},
                                 {"eq_missing", EqualMissing},
                                 {"ne_missing", NotEqualMissing}}) {
    binary(name, op);
  }
  for (const auto& [name, op] : {std::pair{"__radd__", Add},
                                 {"__rsub__", Subtract},
                                 {"__rmul__", Multiply},
                                 {"__rtruediv__", Divide},
                                 {"__rfloordiv__", FloorDivide},
                                 {"__rmod__", Modulo},
                                 {"__rand__", And},
                                 {"__ror__", Or},
                                 {"__rxor__", Xor}}) {
    reflected(name, op);
  }
  unary("__invert__", UnaryOperator::Not);
  unary("__neg__", UnaryOperator::Negate);
  unary("is_null", UnaryOperator::IsNull);
  unary("is_not_null", UnaryOperator::IsNotNull);
  unary("is_nan", UnaryOperator::IsNan);
  unary("is_not_nan", UnaryOperator::IsNotNan);
  bind_aggregates(type);
  bind_functions(module, type);
  type.def("alias", &Expression::alias, nb::arg("name"))
      .def(
          "cast", [](const Expression& input, const frame::DataType& dtype, bool strict) { return Expression::cast(input, dtype, strict); },
          nb::arg("dtype"), nb::kw_only(), nb::arg("strict") = true)
      .def("__bool__",
           [](const Expression&) -> bool {
             throw nb::type_error("an expression has no truth yet: write & and | for and and or, ~ for not, and put sides in parentheses");
           })
      .def("__hash__", [](nb::handle self) { return reinterpret_cast<intptr_t>(self.ptr()); })
      .def("__repr__", [](const Expression& expression) { return frame::to_string(expression); });

  module.def("col", [](const std::string& name) { return Expression::column(name); }, nb::arg("name"));
  module.def("len", &Expression::len);
  module.def(
      "lit", [](nb::handle value, const std::optional<frame::DataType>& dtype) { return literal_of(value, dtype); },
      nb::arg("value").none(), nb::arg("dtype") = nb::none());
  module.def("when", [](nb::handle condition, nb::handle then, nb::handle otherwise) {
        return Expression::when(expression_of(condition), expression_of(then), expression_of(otherwise));
      });
}

}  // namespace headrace::python
