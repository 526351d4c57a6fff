#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "frame/expression.h"
#include "frame/window.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Expression;
using frame::Scalar;

namespace {

/// A flag for all keys, or one for each.
std::vector<bool> flags_of(nb::handle value, size_t keys) {
  if (nb::isinstance<nb::bool_>(value)) return std::vector<bool>(keys, nb::cast<bool>(value));
  auto flags = nb::cast<std::vector<bool>>(value);
  if (flags.size() != keys) throw nb::value_error("there is one flag for each key");
  return flags;
}

/// One expression or name, or a list of them; None: none.
std::vector<Expression> keys_of(nb::handle keys) {
  if (keys.is_none()) return {};
  return expressions_of(nb::cast<nb::args>(nb::make_tuple(keys)), nb::kwargs());
}

std::vector<frame::SortBy> order_of(nb::handle by, nb::handle descending, nb::handle nulls_last) {
  const std::vector<Expression> keys = keys_of(by);
  const std::vector<bool> down = flags_of(descending, keys.size()), last = flags_of(nulls_last, keys.size());
  std::vector<frame::SortBy> order;
  for (size_t i = 0; i < keys.size(); ++i)
    order.push_back({.expression = keys[i], .descending = down[i], .nulls_last = last[i]});
  return order;
}

Expression over(const Expression& input, nb::handle partition_by, const nb::args& more, nb::handle order_by,
                nb::handle descending, nb::handle nulls_last) {
  frame::WindowSpec window{.partition_by = keys_of(partition_by),
                           .order_by = order_of(order_by, descending, nulls_last)};
  for (const nb::handle each : more) {
    for (Expression& key : keys_of(each)) window.partition_by.push_back(std::move(key));
  }
  if (window.partition_by.empty() && window.order_by.empty())
    throw nb::value_error("over() needs partition_by or order_by");
  return Expression::over(input, window);
}

Expression sequence(const char* name, std::vector<Expression> inputs, std::vector<Scalar> options = {}) {
  return Expression::function({.name = name, .options = std::move(options)}, std::move(inputs));
}

Scalar count_of(std::optional<uint64_t> value) { return value ? Scalar::of(static_cast<int64_t>(*value)) : Scalar(); }

Expression shift(const Expression& input, int64_t n, nb::handle fill_value) {
  std::vector<Expression> inputs{input};
  if (!fill_value.is_none()) inputs.push_back(expression_of(fill_value));
  return sequence("shift", std::move(inputs), {Scalar::of(n)});
}

Expression sort_by(const Expression& input, nb::handle by, const nb::args& more, nb::handle descending,
                   nb::handle nulls_last) {
  std::vector<Expression> keys = keys_of(by);
  for (const nb::handle each : more) {
    for (Expression& key : keys_of(each)) keys.push_back(std::move(key));
  }
  const std::vector<bool> down = flags_of(descending, keys.size()), last = flags_of(nulls_last, keys.size());
  std::vector<Expression> inputs{input};
  std::vector<Scalar> options;
  for (size_t i = 0; i < keys.size(); ++i) {
    inputs.push_back(keys[i]);
    options.push_back(Scalar::of(bool{down[i]}));
    options.push_back(Scalar::of(bool{last[i]}));
  }
  return sequence("sort_by", std::move(inputs), std::move(options));
}

/// Whole numbers [start, end) in steps; as many as the rows that len() counts.
Expression int_range(const frame::DataType& dtype, int64_t start, int64_t step) {
  return sequence("row_number", {Expression::literal(Scalar::of(true))},
                  {Scalar::of(start), Scalar::of(step), Scalar::null(dtype)});
}

void bind_running(nb::class_<Expression>& type) {
  for (const char* name : {"cum_sum", "cum_prod", "cum_min", "cum_max", "cum_count"}) {
    type.def(
        name, [name](const Expression& input, bool reverse) { return sequence(name, {input}, {Scalar::of(reverse)}); },
        nb::kw_only(), nb::arg("reverse") = false);
  }
  for (const char* name : {"rolling_sum", "rolling_mean", "rolling_min", "rolling_max"}) {
    type.def(
        name,
        [name](const Expression& input, uint64_t size, std::optional<uint64_t> least, bool center) {
          return sequence(name, {input}, {Scalar::of(static_cast<int64_t>(size)), count_of(least), Scalar::of(center)});
        },
        nb::arg("window_size"), nb::kw_only(), nb::arg("min_samples") = nb::none(), nb::arg("center") = false);
  }
  for (const char* name : {"diff", "pct_change"}) {
    type.def(
        name, [name](const Expression& input, int64_t n) { return sequence(name, {input}, {Scalar::of(n)}); },
        nb::arg("n") = 1);
  }
  for (const char* name : {"forward_fill", "backward_fill"}) {
    type.def(
        name,
        [name](const Expression& input, std::optional<uint64_t> limit) {
          return sequence(name, {input}, {count_of(limit)});
        },
        nb::arg("limit") = nb::none());
  }
  for (const char* name :
       {"is_duplicated", "is_unique", "is_first_distinct", "is_last_distinct", "reverse", "drop_nulls"}) {
    type.def(name, [name](const Expression& input) { return sequence(name, {input}); });
  }
  type.def("shift", shift, nb::arg("n") = 1, nb::kw_only(), nb::arg("fill_value") = nb::none())
      .def(
          "rank",
          [](const Expression& input, const std::string& method, bool descending) {
            return sequence("rank", {input}, {Scalar::of(method), Scalar::of(descending)});
          },
          nb::arg("method") = "average", nb::kw_only(), nb::arg("descending") = false);
}

void bind_choosing(nb::class_<Expression>& type) {
  const auto slice = [](const Expression& input, int64_t offset, std::optional<uint64_t> length) {
    return sequence("slice", {input}, {Scalar::of(offset), count_of(length)});
  };
  type.def("slice", slice, nb::arg("offset"), nb::arg("length") = nb::none())
      .def(
          "head", [slice](const Expression& input, uint64_t n) { return slice(input, 0, n); }, nb::arg("n") = 10)
      .def(
          "limit", [slice](const Expression& input, uint64_t n) { return slice(input, 0, n); }, nb::arg("n") = 10)
      .def(
          "tail", [slice](const Expression& input, uint64_t n) { return slice(input, -static_cast<int64_t>(n), n); },
          nb::arg("n") = 10)
      .def("filter", [](const Expression& input,
                        const nb::args& conditions) { return sequence("filter", {input, condition_of(conditions)}); })
      .def(
          "unique", [](const Expression& input, bool) { return sequence("unique", {input}); }, nb::kw_only(),
          nb::arg("maintain_order") = false)
      .def(
          "sort",
          [](const Expression& input, bool descending, bool nulls_last) {
            return sequence("sort_by", {input}, {Scalar::of(descending), Scalar::of(nulls_last)});
          },
          nb::kw_only(), nb::arg("descending") = false, nb::arg("nulls_last") = false)
      .def("sort_by", sort_by, nb::arg("by"), nb::arg("more_by"), nb::kw_only(), nb::arg("descending") = false,
           nb::arg("nulls_last") = false)
      .def(
          "get",
          [](const Expression& input, int64_t index, bool null_on_oob) {
            return sequence("get", {input}, {Scalar::of(index), Scalar::of(null_on_oob)});
          },
          nb::arg("index"), nb::kw_only(), nb::arg("null_on_oob") = false)
      .def("over", over, nb::arg("partition_by") = nb::none(), nb::arg("more"), nb::kw_only(),
           nb::arg("order_by") = nb::none(), nb::arg("descending") = false, nb::arg("nulls_last") = false);
}

/// A value for each row of the frame, of all of its columns together.
Series of_rows(const frame::DataFrame& frame, const char* name) {
  std::vector<Expression> columns;
  for (const frame::Field& field : frame.schema().fields()) columns.push_back(Expression::column(field.name));
  if (columns.empty()) throw nb::value_error("a frame without columns has no rows to compare");
  const nb::gil_scoped_release released;
  const frame::DataFrame made =
      value_or_raise(frame::select(frame, std::vector{sequence(name, std::move(columns)).alias("")}));
  return {"", made.columns()[0]};
}

}  // namespace

void bind_windows(nb::module_& module) {
  auto frame = nb::borrow<nb::class_<frame::DataFrame>>(module.attr("DataFrame"));
  for (const char* name : {"is_duplicated", "is_unique"})
    frame.def(name, [name](const frame::DataFrame& f) { return of_rows(f, name); });
  auto type = nb::borrow<nb::class_<Expression>>(module.attr("Expr"));
  bind_running(type);
  bind_choosing(type);
  module.def("row_numbers", int_range, nb::arg("dtype"), nb::arg("start") = 0, nb::arg("step") = 1);
}

}  // namespace headrace::python
