#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <new>
#include <utility>

#include "frame/expression.h"
#include "frame/group_by.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/capsules.h"
#include "python/frame/numpy.h"
#include "python/frame/series.h"
#include "python/frame/values.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Array;
using frame::Column;
using frame::DataFrame;
using frame::DataType;

DataFrame as_frame(const Series& series) {
  return value_or_raise(DataFrame::make(value_or_raise(frame::Schema::make({{series.name, series.column.type()}})), {series.column}));
}

Column column_of(nb::handle values, const std::optional<DataType>& type) {
  if (nb::isinstance<Series>(values)) return nb::cast<Series&>(values).column;
  const bool is_numpy = nb::hasattr(values, "__array_interface__") && nb::hasattr(values, "dtype");
  if (!type && offers_arrow(values)) {
    const DataFrame frame = frame_from_arrow(values);
    if (frame.width() != 1) throw nb::value_error(fmt::format("{} columns do not make one; a DataFrame takes them", frame.width()).c_str());
    return frame.columns()[0];
  }
  if (!type && is_numpy) return column_from_numpy(values);
  if (PyUnicode_Check(values.ptr()) || PyBytes_Check(values.ptr())) throw nb::type_error("a text is not a list of values");
  if (is_numpy) return column_from_sequence(values.attr("tolist")(), type);
  return column_from_sequence(values, type);
}

namespace {

nb::object at(const Column& column, size_t row) {
  for (const Array& chunk : column.chunks()) {
    if (row < chunk.size()) return value_at(chunk, row);
    row -= chunk.size();
  }
  throw nb::index_error();
}

nb::object get(const Series& series, nb::handle key) {
  if (PySlice_Check(key.ptr())) {
    const auto [start, stop, step, length] = nb::borrow<nb::slice>(key).compute(series.column.size());
    if (step != 1) throw nb::value_error("a slice of a Series goes forward one by one");
    return nb::cast(Series{series.name, series.column.slice(static_cast<size_t>(start), length)});
  }
  const auto rows = static_cast<Py_ssize_t>(series.column.size());
  Py_ssize_t row = PyNumber_AsSsize_t(key.ptr(), PyExc_IndexError);
  if (row == -1 && PyErr_Occurred()) throw nb::python_error();
  if (row < 0) row += rows;
  if (row < 0 || row >= rows) throw nb::index_error(fmt::format("there is no row {} of {}", row, rows).c_str());
  return at(series.column, static_cast<size_t>(row));
}

nb::list to_list(const Series& series) {
  nb::list out;
  for (const Array& chunk : series.column.chunks()) {
    for (size_t row = 0; row < chunk.size(); ++row) out.append(value_at(chunk, row));
  }
  return out;
}

}  // namespace

namespace {

/// The value of an aggregate of all rows.
nb::object aggregated(const Series& series, const frame::Expression::Aggregate& what) {
  const frame::Expression expression = frame::Expression::aggregate(what, frame::Expression::column(series.name));
  const frame::DataFrame one = [&] {
    const nb::gil_scoped_release released;
    return value_or_raise(frame::select(as_frame(series), std::vector{expression}));
  }();
  return value_at(one.columns()[0].chunks()[0], 0);
}

void bind_series_aggregates(nb::class_<Series>& type) {
  using enum frame::AggregateOperator;
  for (const auto& [name, op] : {std::pair{"count", Count},
                                 {"sum", Sum},
                                 {"mean", Mean},
                                 {"min", Min},
                                 {"max", Max},
                                 {"first", First},
                                 {"last", Last},
                                 {"n_unique", NUnique},
                                 {"median", Median},
                                 {"product", Product}}) {
    type.def(name, [op](const Series& s) { return aggregated(s, {.op = op}); });
  }
  for (const auto& [name, op] : {std::pair{"std", Std}, {"var", Var}}) {
    type.def(name, [op](const Series& s, uint8_t ddof) { return aggregated(s, {.op = op, .ddof = ddof}); }, nb::arg("ddof") = 1);
  }
  for (const auto& [name, op] : {std::pair{"any", Any}, {"all", All}}) {
    type.def(
        name, [op](const Series& s, bool ignore_nulls) { return aggregated(s, {.op = op, .ignore_nulls = ignore_nulls}); }, nb::kw_only(),
        nb::arg("ignore_nulls") = true);
  }
  type.def(
      "quantile",
      [](const Series& s, double quantile, const std::string& interpolation) {
        return aggregated(s,
                          {.op = Quantile, .quantile = quantile, .interpolation = value_or_raise(frame::interpolation_of(interpolation))});
      },
      nb::arg("quantile"), nb::arg("interpolation") = "nearest");
  type.def("unique", [](const Series& s, bool) {
        const frame::DataFrame some = value_or_raise(frame::unique(as_frame(s), std::vector{s.name}, frame::Keep::First));
        return Series{s.name, some.columns()[0]};
      }, nb::kw_only(), nb::arg("maintain_order") = false);
}

}  // namespace

void bind_series(nb::module_& module) {
  nb::class_<Series> type(module, "Series");
  bind_series_aggregates(type);
  type.def(
          "__init__",
          [](Series* self, const std::string& name, nb::handle values, const std::optional<DataType>& dtype) {
            new (self) Series{name, column_of(values, dtype)};
          },
          nb::arg("name"), nb::arg("values"), nb::arg("dtype") = nb::none())
      .def_prop_ro("name", [](const Series& s) { return s.name; })
      .def_prop_ro("dtype", [](const Series& s) { return s.column.type(); })
      .def("__len__", [](const Series& s) { return s.column.size(); })
      .def("__getitem__", get)
      .def("null_count", [](const Series& s) { return s.column.nulls(); })
      .def("n_chunks", [](const Series& s) { return s.column.chunks().size(); })
      .def("to_list", to_list)
      .def("to_numpy", [](const Series& s) { return numpy_of(s.column); })
      .def(
          "__array__",
          [](const Series& s, nb::handle dtype, nb::handle) {
            const nb::object array = numpy_of(s.column);
            return dtype.is_none() ? array : nb::object(array.attr("astype")(dtype));
          },
          nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__dlpack__", [](const Series& s, const nb::kwargs& kwargs) { return numpy_of(s.column).attr("__dlpack__")(**kwargs); })
      .def("__dlpack_device__", [](const Series&) { return nb::make_tuple(1, 0); })
      .def(
          "__arrow_c_stream__",
          [](const Series& s, nb::handle requested) { return column_capsule({s.name, s.column.type()}, s.column, requested); },
          nb::arg("requested_schema") = nb::none())
      .def("to_frame", as_frame)
      .def(
          "rename", [](const Series& s, const std::string& name) { return Series{name, s.column}; }, nb::arg("name"))
      .def(
          "slice",
          [](const Series& s, size_t offset, std::optional<size_t> length) {
            return Series{s.name, s.column.slice(offset, length.value_or(s.column.size()))};
          },
          nb::arg("offset"), nb::arg("length") = nb::none())
      .def("__repr__", [](const Series& s) { return frame::to_text(as_frame(s)); })
      .def("_repr_html_", [](const Series& s) { return frame::to_html(as_frame(s)); });
}

}  // namespace headrace::python
