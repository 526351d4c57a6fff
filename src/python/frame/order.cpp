#include <fmt/format.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <utility>

#include "frame/plan.h"
#include "frame/sort.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/series.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::DataFrame;
using frame::Expression;
using frame::Plan;
using frame::SortBy;

namespace {

/// A bool for each of `count` keys: one for all, or a sequence of as many.
std::vector<bool> flags_of(nb::handle flags, size_t count, const char* name) {
  if (nb::isinstance<nb::bool_>(flags)) return std::vector<bool>(count, nb::cast<bool>(flags));
  std::vector<bool> all;
  for (const nb::handle flag : flags) all.push_back(nb::cast<bool>(flag));
  if (all.size() != count) {
    throw nb::value_error(fmt::format("the length of `{}` ({}) does not match the length of `by` ({})", name, all.size(), count).c_str());
  }
  return all;
}

std::vector<Expression> keys_of(nb::handle by, const nb::tuple& more) {
  return expressions_of(nb::borrow<nb::args>(nb::make_tuple(by) + more), nb::kwargs());
}

std::vector<SortBy> order_of(nb::handle by, const nb::args& more_by, nb::handle descending, nb::handle nulls_last) {
  const std::vector<Expression> keys = keys_of(by, more_by);
  const std::vector<bool> down = flags_of(descending, keys.size(), "descending"), last = flags_of(nulls_last, keys.size(), "nulls_last");
  std::vector<SortBy> order;
  for (size_t i = 0; i < keys.size(); ++i) order.push_back({keys[i], down[i], last[i]});
  return order;
}

DataFrame sort(const DataFrame& f, nb::handle by, const nb::args& more_by, nb::handle descending, nb::handle nulls_last,
               bool /*maintain_order*/) {
  const std::vector<SortBy> order = order_of(by, more_by, descending, nulls_last);
  const nb::gil_scoped_release released;
  return value_or_raise(frame::sort(f, order));
}

Plan sort_lazily(const Plan& p, nb::handle by, const nb::args& more_by, nb::handle descending, nb::handle nulls_last,
                 bool /*maintain_order*/) {
  return value_or_raise(p.sort(order_of(by, more_by, descending, nulls_last)));
}

/// The order that puts the greatest or least rows first, nulls last either way.
std::vector<SortBy> first_order(nb::handle by, nb::handle reverse, bool greatest) {
  const std::vector<Expression> keys = keys_of(by, nb::make_tuple());
  const std::vector<bool> reversed = flags_of(reverse, keys.size(), "reverse");
  std::vector<SortBy> order;
  for (size_t i = 0; i < keys.size(); ++i)
    order.push_back({.expression = keys[i], .descending = greatest != reversed[i], .nulls_last = true});
  return order;
}

DataFrame first_k(const DataFrame& f, size_t k, nb::handle by, nb::handle reverse, bool greatest) {
  const std::vector<SortBy> order = first_order(by, reverse, greatest);
  const nb::gil_scoped_release released;
  return value_or_raise(frame::sort(f, order, k));
}

Plan first_k_lazily(const Plan& p, size_t k, nb::handle by, nb::handle reverse, bool greatest) {
  return value_or_raise(p.sort(first_order(by, reverse, greatest), k));
}

Series sort_series(const Series& series, bool descending, bool nulls_last) {
  const SortBy by{.expression = Expression::column(series.name), .descending = descending, .nulls_last = nulls_last};
  const nb::gil_scoped_release released;
  return {series.name, value_or_raise(frame::sort(as_frame(series), {&by, 1})).columns()[0]};
}

Series arg_sort(const Series& series, bool descending, bool nulls_last) {
  const nb::gil_scoped_release released;
  return {series.name, value_or_raise(frame::arg_sort(series.column, descending, nulls_last))};
}

}  // namespace

void bind_order(nb::module_& module) {
  nb::borrow<nb::class_<DataFrame>>(module.attr("DataFrame"))
      .def("sort", sort, nb::arg("by"), nb::arg("more_by"), nb::arg("descending") = false, nb::arg("nulls_last") = false,
           nb::arg("maintain_order") = false)
      .def("top_k", [](const DataFrame& f, size_t k, nb::handle by, nb::handle reverse) { return first_k(f, k, by, reverse, true); },
           nb::arg("k"), nb::kw_only(), nb::arg("by"), nb::arg("reverse") = false)
      .def("bottom_k", [](const DataFrame& f, size_t k, nb::handle by, nb::handle reverse) { return first_k(f, k, by, reverse, false); },
           nb::arg("k"), nb::kw_only(), nb::arg("by"), nb::arg("reverse") = false);
  nb::borrow<nb::class_<Plan>>(module.attr("LazyFrame"))
      .def("sort", sort_lazily, nb::arg("by"), nb::arg("more_by"), nb::arg("descending") = false, nb::arg("nulls_last") = false,
           nb::arg("maintain_order") = false)
      .def("top_k", [](const Plan& p, size_t k, nb::handle by, nb::handle reverse) { return first_k_lazily(p, k, by, reverse, true); },
           nb::arg("k"), nb::kw_only(), nb::arg("by"), nb::arg("reverse") = false)
      .def("bottom_k", [](const Plan& p, size_t k, nb::handle by, nb::handle reverse) { return first_k_lazily(p, k, by, reverse, false); },
           nb::arg("k"), nb::kw_only(), nb::arg("by"), nb::arg("reverse") = false);
  nb::borrow<nb::class_<Series>>(module.attr("Series"))
      .def("sort", sort_series, nb::kw_only(), nb::arg("descending") = false, nb::arg("nulls_last") = false)
      .def("arg_sort", arg_sort, nb::kw_only(), nb::arg("descending") = false, nb::arg("nulls_last") = false);
}

}  // namespace headrace::python
