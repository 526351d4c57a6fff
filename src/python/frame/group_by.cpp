#include "frame/group_by.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Expression;

namespace {

frame::DataFrame grouped(const GroupBy& groups, const std::vector<Expression>& expressions) {
  const nb::gil_scoped_release released;
  return value_or_raise(frame::group_by(groups.frame, groups.keys, expressions));
}

/// An aggregate of every column that is no key.
frame::DataFrame aggregated(const GroupBy& groups, const Expression::Aggregate& what) {
  std::vector<Expression> expressions;
  for (const frame::Field& field : groups.frame.schema().fields()) {
    const bool is_key = std::ranges::any_of(groups.keys, [&](const Expression& key) { return key.name() == field.name; });
    if (!is_key) expressions.push_back(Expression::aggregate(what, Expression::column(field.name)));
  }
  return grouped(groups, expressions);
}

}  // namespace

void bind_group_by(nb::module_& module) {
  using enum frame::AggregateOperator;
  nb::class_<GroupBy> type(module, "GroupBy");
  type.def("agg", [](const GroupBy& groups, const nb::args& args, const nb::kwargs& named) {
    return grouped(groups, expressions_of(args, named));
  });
  type.def(
      "len", [](const GroupBy& groups, const std::string& name) { return grouped(groups, {Expression::len().alias(name)}); },
      nb::arg("name") = "len");
  for (const auto& [name, op] : {std::pair{"sum", Sum},
                                 {"mean", Mean},
                                 {"min", Min},
                                 {"max", Max},
                                 {"first", First},
                                 {"last", Last},
                                 {"n_unique", NUnique},
                                 {"median", Median},
                                 {"all", Implode}}) {
    type.def(name, [op](const GroupBy& groups) { return aggregated(groups, {.op = op}); });
  }
  type.def(
      "quantile",
      [](const GroupBy& groups, double quantile, const std::string& interpolation) {
        return aggregated(groups,
                          {.op = Quantile, .quantile = quantile, .interpolation = value_or_raise(frame::interpolation_of(interpolation))});
      },
      nb::arg("quantile"), nb::arg("interpolation") = "nearest");
}

}  // namespace headrace::python
