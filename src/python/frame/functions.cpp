#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <utility>

#include "frame/expression.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::BinaryOperator;
using frame::Expression;
using frame::Scalar;
using frame::UnaryOperator;

namespace {

/// A type stands for a null of it.
Scalar option_of(nb::handle value) {
  if (nb::isinstance<frame::DataType>(value)) return Scalar::null(nb::cast<frame::DataType>(value));
  return scalar_of(value);
}

Expression function(const std::string& name, nb::handle inputs, nb::handle options) {
  Expression::Function what{.name = name, .options = {}};
  std::vector<Expression> all;
  for (const nb::handle input : inputs) all.push_back(expression_of(input));
  for (const nb::handle option : options) what.options.push_back(option_of(option));
  if (all.empty()) throw nb::type_error(("no columns were given to " + name).c_str());
  return Expression::function(std::move(what), std::move(all));
}

Expression fill_null(const Expression& input, nb::handle value) {
  return Expression::when(Expression::unary(UnaryOperator::IsNotNull, input), input, expression_of(value));
}

Expression fill_nan(const Expression& input, nb::handle value) {
  return Expression::when(Expression::unary(UnaryOperator::IsNan, input), expression_of(value), input).alias(input.name());
}

Expression is_between(const Expression& input, nb::handle lower, nb::handle upper, const std::string& closed) {
  const bool has_lower = closed == "both" || closed == "left", has_upper = closed == "both" || closed == "right";
  if (!has_lower && !has_upper && closed != "none") throw nb::value_error("closed is one of both, left, right and none");
  using enum BinaryOperator;
  const Expression above = Expression::binary(has_lower ? GreaterEqual : Greater, input, expression_of(lower));
  return Expression::binary(And, above, Expression::binary(has_upper ? LessEqual : Less, input, expression_of(upper)));
}

Expression clip(const Expression& input, nb::handle lower, nb::handle upper) {
  Expression::Function what{.name = "clip", .options = {Scalar::of(!lower.is_none()), Scalar::of(!upper.is_none())}};
  std::vector<Expression> inputs{input};
  for (const nb::handle bound : {lower, upper}) {
    if (!bound.is_none()) inputs.push_back(expression_of(bound));
  }
  return inputs.size() == 1 ? input : Expression::function(std::move(what), std::move(inputs));
}

Expression is_in(const Expression& input, nb::handle other, bool nulls_equal) {
  if (nb::isinstance<Expression>(other) || nb::isinstance<nb::str>(other)) {
    throw nb::type_error("is_in looks among the values of a list; a column's are looked up by a join");
  }
  Expression::Function what{.name = "is_in", .options = {Scalar::of(nulls_equal)}};
  const nb::object values = nb::hasattr(other, "to_list") ? nb::object(other.attr("to_list")()) : nb::borrow(other);
  for (const nb::handle one : values) {
    what.options.push_back(scalar_of(one));
  }
  return Expression::function(std::move(what), {input});
}

}  // namespace

void bind_functions(nb::module_& module, nb::class_<Expression>& type) {
  module.def("function", function, nb::arg("name"), nb::arg("inputs"), nb::arg("options"));
  for (const char* name : {"abs", "sign", "floor", "ceil", "sqrt", "cbrt", "exp", "log1p"}) {
    type.def(name, [name](const Expression& input) { return Expression::function({.name = name, .options = {}}, {input}); });
  }
  const auto binary = [](const char* name, const Expression& left, const Expression& right) {
    return Expression::function({.name = name, .options = {}}, {left, right});
  };
  type.def("log", [binary](const Expression& input, nb::handle base) { return binary("log", input, expression_of(base)); },
           nb::arg("base") = 2.718281828459045)
      .def("log10", [binary](const Expression& input) { return binary("log", input, Expression::literal(Scalar::of(10.0))); })
      .def("pow", [binary](const Expression& input, nb::handle exponent) { return binary("pow", input, expression_of(exponent)); },
           nb::arg("exponent"))
      .def("__pow__", [binary](const Expression& input, nb::handle exponent) { return binary("pow", input, expression_of(exponent)); })
      .def("__rpow__", [binary](const Expression& exponent, nb::handle base) { return binary("pow", expression_of(base), exponent); })
      .def("round", [](const Expression& input, int64_t decimals, const std::string& mode) {
             return Expression::function({.name = "round", .options = {Scalar::of(decimals), Scalar::of(mode)}}, {input});
           }, nb::arg("decimals") = 0, nb::arg("mode") = "half_to_even")
      .def("clip", clip, nb::arg("lower_bound") = nb::none(), nb::arg("upper_bound") = nb::none())
      .def("fill_null", fill_null, nb::arg("value"))
      .def("fill_nan", fill_nan, nb::arg("value").none())
      .def("is_in", is_in, nb::arg("other"), nb::kw_only(), nb::arg("nulls_equal") = false)
      .def("is_between", is_between, nb::arg("lower_bound").none(), nb::arg("upper_bound").none(), nb::arg("closed") = "both");
}

}  // namespace headrace::python
