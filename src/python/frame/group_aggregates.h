#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "frame/data_frame.h"
#include "frame/expression.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace headrace::python {

/// An aggregate of every column that is no key.
inline std::vector<frame::Expression> of_every_column(const frame::Schema& schema,
                                                      const std::vector<frame::Expression>& keys,
                                                      const frame::Expression::Aggregate& what) {
  std::vector<frame::Expression> expressions;
  for (const frame::Field& field : schema.fields()) {
    const bool is_key =
        std::ranges::any_of(keys, [&](const frame::Expression& key) { return key.name() == field.name; });
    if (!is_key) expressions.push_back(frame::Expression::aggregate(what, frame::Expression::column(field.name)));
  }
  return expressions;
}

/// The methods that groups of frames and of plans have. `grouped(groups, expressions)` runs agg(), `schema_of(groups)`
/// is of their rows.
template <class Groups, class Grouped, class SchemaOf>
void bind_group_aggregates(nanobind::class_<Groups>& type, const Grouped& grouped, const SchemaOf& schema_of) {
  namespace nb = nanobind;
  using enum frame::AggregateOperator;
  const auto of_columns = [grouped, schema_of](const Groups& groups, const frame::Expression::Aggregate& what) {
    return grouped(groups, of_every_column(schema_of(groups), groups.keys, what));
  };
  type.def("agg", [grouped](const Groups& groups, const nb::args& args, const nb::kwargs& named) {
    return grouped(groups, expressions_of(args, named));
  });
  type.def(
      "len",
      [grouped](const Groups& groups, const std::string& name) {
        return grouped(groups, {frame::Expression::len().alias(name)});
      },
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
    type.def(name, [of_columns, op](const Groups& groups) { return of_columns(groups, {.op = op}); });
  }
  type.def(
      "quantile",
      [of_columns](const Groups& groups, double quantile, const std::string& interpolation) {
        return of_columns(groups, {.op = Quantile,
                                   .quantile = quantile,
                                   .interpolation = value_or_raise(frame::interpolation_of(interpolation))});
      },
      nb::arg("quantile"), nb::arg("interpolation") = "nearest");
}

}  // namespace headrace::python
