#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "frame/plan.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Expression;
using frame::Field;
using frame::Plan;

namespace {

/// A plan and what its rows are to be grouped by.
struct LazyGroupBy {
  Plan plan;
  std::vector<Expression> keys;
};

Plan grouped(const LazyGroupBy& groups, const std::vector<Expression>& expressions) {
  return value_or_raise(groups.plan.group_by(groups.keys, expressions));
}

/// An aggregate of every column that is no key.
Plan aggregated(const LazyGroupBy& groups, const Expression::Aggregate& what) {
  std::vector<Expression> expressions;
  for (const Field& field : groups.plan.schema().fields()) {
    const bool is_key = std::ranges::any_of(groups.keys, [&](const Expression& key) { return key.name() == field.name; });
    if (!is_key) expressions.push_back(Expression::aggregate(what, Expression::column(field.name)));
  }
  return grouped(groups, expressions);
}

LazyGroupBy group_by(const Plan& plan, const nb::args& by, const nb::kwargs& named) {
  nb::kwargs keys;
  for (const auto& [name, value] : named) {
    if (nb::cast<std::string>(name) != "maintain_order") keys[name] = value;
  }
  return {plan, expressions_of(by, keys)};
}

Plan unique(const Plan& plan, nb::handle subset, const std::string& keep, bool /*maintain_order*/) {
  std::vector<std::string> names;
  if (subset.is_none()) {
    for (const Field& field : plan.schema().fields()) names.push_back(field.name);
  } else if (nb::isinstance<nb::str>(subset)) {
    names.push_back(nb::cast<std::string>(subset));
  } else {
    names = nb::cast<std::vector<std::string>>(subset);
  }
  return value_or_raise(plan.unique(names, value_or_raise(frame::keep_of(keep))));
}

}  // namespace

void bind_lazy_group_by(nb::module_& module) {
  using enum frame::AggregateOperator;
  nb::borrow<nb::class_<Plan>>(module.attr("LazyFrame"))
      .def("group_by", group_by)
      .def("unique", unique, nb::arg("subset") = nb::none(), nb::kw_only(), nb::arg("keep") = "any", nb::arg("maintain_order") = false);
  nb::class_<LazyGroupBy> type(module, "LazyGroupBy");
  type.def("agg", [](const LazyGroupBy& groups, const nb::args& args, const nb::kwargs& named) {
        return grouped(groups, expressions_of(args, named));
      });
  type.def("len", [](const LazyGroupBy& groups, const std::string& name) { return grouped(groups, {Expression::len().alias(name)}); },
           nb::arg("name") = "len");
  for (const auto& [name, op] : {std::pair{"sum", Sum}, {"mean", Mean}, {"min", Min}, {"max", Max}, {"first", First}, {"last", Last},
                                 {"n_unique", NUnique}, {"median", Median}, {"all", Implode}}) {
    type.def(name, [op](const LazyGroupBy& groups) { return aggregated(groups, {.op = op}); });
  }
  type.def("quantile", [](const LazyGroupBy& groups, double quantile, const std::string& interpolation) {
        const auto between = value_or_raise(frame::interpolation_of(interpolation));
        return aggregated(groups, {.op = Quantile, .quantile = quantile, .interpolation = between});
      }, nb::arg("quantile"), nb::arg("interpolation") = "nearest");
}

}  // namespace headrace::python
