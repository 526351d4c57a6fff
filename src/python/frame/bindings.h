#pragma once

#include <nanobind/nanobind.h>

#include <string>
#include <utility>
#include <vector>

#include "frame/data_frame.h"
#include "frame/expression.h"

namespace headrace::python {

/// A column with its name, as Python's Series.
struct Series {
  std::string name;
  frame::Column column;
};

/// A frame and what its rows are grouped by.
struct GroupBy {
  frame::DataFrame frame;
  std::vector<frame::Expression> keys;
};

/// Expressions that a call names: positional ones, in lists too, and by the names of their results.
std::vector<frame::Expression> expressions_of(const nanobind::args& positional, const nanobind::kwargs& named);
/// The aggregates of one argument or none, by their names in Python; Polars' name a method each.
std::vector<std::pair<const char*, frame::AggregateOperator>> plain_aggregates();
/// What may stand beside an expression: an expression, or a value.
frame::Expression expression_of(nanobind::handle value);
/// A Python value as a value of the type that a column of it would have.
frame::Scalar scalar_of(nanobind::handle value);
/// All of the conditions together.
frame::Expression condition_of(const nanobind::args& conditions);

/// Adds the functions of rows to Expr, and function() to its module.
void bind_functions(nanobind::module_& module, nanobind::class_<frame::Expression>& type);

// One function a file: each adds its class to headrace._native.frame.
void bind_data_type(nanobind::module_& module);
void bind_series(nanobind::module_& module);
void bind_data_frame(nanobind::module_& module);
void bind_expression(nanobind::module_& module);
void bind_lazy_frame(nanobind::module_& module);
void bind_csv(nanobind::module_& module);
void bind_parquet(nanobind::module_& module);
// These add to the classes of those.
void bind_order(nanobind::module_& module);
void bind_join(nanobind::module_& module);
void bind_reshape(nanobind::module_& module);
void bind_group_by(nanobind::module_& module);
void bind_windows(nanobind::module_& module);
void bind_column_functions(nanobind::module_& module);
void bind_tokenize(nanobind::module_& module);
void bind_lazy_group_by(nanobind::module_& module);
void bind_sql(nanobind::module_& module);

}  // namespace headrace::python
