#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <filesystem>
#include <new>
#include <utility>

#include "frame/group_by.h"
#include "frame/parquet.h"
#include "frame/plan.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/capsules.h"
#include "python/frame/numpy.h"
#include "python/frame/series.h"
#include "python/frame/values.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::Column;
using frame::DataFrame;
using frame::DataType;
using frame::Expression;
using frame::Field;

namespace {

/// The type that `schema` gives a column, if it gives one.
std::optional<DataType> wanted_type(nb::handle schema, const std::string& name) {
  if (schema.is_none()) return std::nullopt;
  const nb::object type = schema.attr("get")(name);
  if (type.is_none()) return std::nullopt;
  if (!nb::isinstance<DataType>(type))
    throw nb::type_error(fmt::format("schema gives column {:?} something that is no DataType", name).c_str());
  return nb::cast<DataType>(type);
}

/// A name, and the error of its values said with it.
Column named_column(const std::string& name, nb::handle values, const std::optional<DataType>& type) {
  try {
    return column_of(values, type);
  } catch (const nb::python_error&) {
    throw;
  } catch (const nb::builtin_exception& error) {
    throw nb::builtin_exception(error.type(), fmt::format("column {:?}: {}", name, error.what()).c_str());
  }
}

DataFrame from_columns(const std::vector<Series>& columns) {
  std::vector<Field> fields;
  std::vector<Column> values;
  for (const Series& series : columns) {
    fields.push_back({series.name, series.column.type()});
    values.push_back(series.column);
  }
  return value_or_raise(DataFrame::make(value_or_raise(frame::Schema::make(std::move(fields))), std::move(values)));
}

DataFrame from_dict(nb::dict data, nb::handle schema) {
  std::vector<Series> columns;
  for (const auto& [key, values] : data) {
    const auto name = nb::cast<std::string>(nb::str(key));
    columns.push_back({name, named_column(name, values, wanted_type(schema, name))});
  }
  return from_columns(columns);
}

/// Rows that are dicts: a key that a row lacks is null there.
DataFrame from_rows(const nb::list& rows, nb::handle schema) {
  nb::dict columns;
  size_t height = 0;
  for (const nb::handle row : rows) {
    for (const auto& [key, value] : nb::cast<nb::dict>(row)) {
      if (!columns.contains(key)) {
        nb::list fresh;
        for (size_t i = 0; i < height; ++i) fresh.append(nb::none());
        columns[key] = fresh;
      }
      nb::cast<nb::list>(columns[key]).append(value);
    }
    ++height;
    for (const auto& [key, values] : columns) {
      auto list = nb::cast<nb::list>(values);
      if (list.size() < height) list.append(nb::none());
    }
  }
  return from_dict(columns, schema);
}

DataFrame from_data(nb::handle data, nb::handle schema) {
  if (data.is_none()) return DataFrame{};
  if (nb::isinstance<DataFrame>(data)) return nb::cast<DataFrame&>(data);
  if (nb::isinstance<nb::dict>(data)) return from_dict(nb::cast<nb::dict>(data), schema);
  if (nb::isinstance<Series>(data)) return as_frame(nb::cast<Series&>(data));
  if (offers_arrow(data)) return frame_from_arrow(data);
  if (nb::isinstance<nb::list>(data)) {
    const auto list = nb::cast<nb::list>(data);
    if (list.size() == 0) return DataFrame{};
    if (nb::isinstance<Series>(list[0])) return from_columns(nb::cast<std::vector<Series>>(data));
    if (nb::isinstance<nb::dict>(list[0])) return from_rows(list, schema);
  }
  throw nb::type_error("a DataFrame is made of a dict of columns, a list of Series or of dicts, or of an object that offers Arrow data");
}

nb::object get(const DataFrame& frame, nb::handle key) {
  if (nb::isinstance<nb::str>(key)) {
    const auto name = nb::cast<std::string>(key);
    return nb::cast(Series{name, value_or_raise(frame.column(name))});
  }
  if (PySlice_Check(key.ptr())) {
    const auto [start, stop, step, length] = nb::borrow<nb::slice>(key).compute(frame.height());
    if (step != 1) throw nb::value_error("a slice of a DataFrame goes forward one by one");
    return nb::cast(frame.slice(static_cast<size_t>(start), length));
  }
  if (nb::isinstance<nb::list>(key)) return nb::cast(value_or_raise(frame.select(nb::cast<std::vector<std::string>>(key))));
  throw nb::type_error("a DataFrame is indexed by a column's name, a list of names, or a slice of rows");
}

nb::list columns_of(const DataFrame& frame) {
  nb::list out;
  for (size_t i = 0; i < frame.width(); ++i) out.append(Series{frame.schema()[i].name, frame.columns()[i]});
  return out;
}

nb::dict to_dict(const DataFrame& frame, bool as_series) {
  nb::dict out;
  for (const nb::handle series : columns_of(frame)) out[series.attr("name")] = as_series ? nb::borrow(series) : series.attr("to_list")();
  return out;
}

nb::list to_dicts(const DataFrame& frame) {
  nb::list rows;
  for (size_t i = 0; i < frame.height(); ++i) rows.append(nb::dict());
  for (const nb::handle series : columns_of(frame)) {
    size_t row = 0;
    for (const nb::handle value : nb::cast<nb::list>(series.attr("to_list")())) rows[row++][series.attr("name")] = value;
  }
  return rows;
}

nb::dict schema_of(const DataFrame& frame) {
  nb::dict out;
  for (const Field& field : frame.schema().fields()) out[field.name.c_str()] = field.type;
  return out;
}

/// The width of the terminal, as shutil knows it.
frame::ShowOptions options() {
  const nb::object size = nb::module_::import_("shutil").attr("get_terminal_size")();
  return {.width = nb::cast<size_t>(size.attr("columns"))};
}

}  // namespace

namespace {

/// Every column's aggregate, null where its type has none such.
DataFrame aggregated(const DataFrame& frame, const Expression::Aggregate& what) {
  std::vector<Expression> expressions;
  for (const Field& field : frame.schema().fields()) {
    const Expression one = Expression::aggregate(what, Expression::column(field.name));
    const bool has_one = frame::select(frame.slice(0, 0), std::vector{one}).has_value();
    expressions.push_back(has_one ? one : Expression::literal(frame::Scalar::null(field.type)).alias(field.name));
  }
  const nb::gil_scoped_release released;
  return value_or_raise(frame::select(frame, expressions));
}

std::vector<std::string> names_of(const DataFrame& frame, nb::handle subset) {
  if (nb::isinstance<nb::str>(subset)) return {nb::cast<std::string>(subset)};
  if (!subset.is_none()) return nb::cast<std::vector<std::string>>(subset);
  std::vector<std::string> names;
  for (const Field& field : frame.schema().fields()) names.push_back(field.name);
  return names;
}

void bind_frame_aggregates(nb::class_<DataFrame>& type) {
  using enum frame::AggregateOperator;
  for (const auto& [name, op] : {std::pair{"count", Count},
                                 {"null_count", NullCount},
                                 {"sum", Sum},
                                 {"mean", Mean},
                                 {"min", Min},
                                 {"max", Max},
                                 {"median", Median},
                                 {"product", Product}}) {
    type.def(name, [op](const DataFrame& f) { return aggregated(f, {.op = op}); });
  }
  for (const auto& [name, op] : {std::pair{"std", Std}, {"var", Var}}) {
    type.def(name, [op](const DataFrame& f, uint8_t ddof) { return aggregated(f, {.op = op, .ddof = ddof}); }, nb::arg("ddof") = 1);
  }
  type.def(
      "quantile",
      [](const DataFrame& f, double quantile, const std::string& interpolation) {
        return aggregated(f,
                          {.op = Quantile, .quantile = quantile, .interpolation = value_or_raise(frame::interpolation_of(interpolation))});
      },
      nb::arg("quantile"), nb::arg("interpolation") = "nearest");
  type.def("unique", [](const DataFrame& f, nb::handle subset, const std::string& keep, bool) {
        const std::vector<std::string> names = names_of(f, subset);
        const frame::Keep kept = value_or_raise(frame::keep_of(keep));
        const nb::gil_scoped_release released;
        return value_or_raise(frame::unique(f, names, kept));
      }, nb::arg("subset") = nb::none(), nb::kw_only(), nb::arg("keep") = "any", nb::arg("maintain_order") = false);
  type.def("n_unique", [](const DataFrame& f, nb::handle subset) {
        std::vector<Expression> expressions;
        const bool is_one = nb::isinstance<nb::str>(subset) || nb::isinstance<Expression>(subset);
        if (subset.is_none()) {
          for (const std::string& name : names_of(f, subset)) expressions.push_back(Expression::column(name));
        } else {
          expressions = expressions_of(nb::cast<nb::args>(is_one ? nb::make_tuple(subset) : nb::tuple(nb::borrow(subset))), nb::kwargs());
        }
        const nb::gil_scoped_release released;
        return value_or_raise(frame::n_unique(f, expressions));
      }, nb::arg("subset") = nb::none());
}

}  // namespace

void bind_data_frame(nb::module_& module) {
  nb::class_<DataFrame> type(module, "DataFrame");
  bind_frame_aggregates(type);
  type.def(
          "__init__", [](DataFrame* self, nb::handle data, nb::handle schema) { new (self) DataFrame(from_data(data, schema)); },
          nb::arg("data") = nb::none(), nb::arg("schema") = nb::none())
      .def_prop_ro("shape", [](const DataFrame& f) { return nb::make_tuple(f.height(), f.width()); })
      .def_prop_ro("height", &DataFrame::height)
      .def_prop_ro("width", &DataFrame::width)
      .def_prop_ro("columns",
                   [](const DataFrame& f) {
                     nb::list names;
                     for (const Field& field : f.schema().fields()) names.append(field.name);
                     return names;
                   })
      .def_prop_ro("dtypes",
                   [](const DataFrame& f) {
                     nb::list types;
                     for (const Field& field : f.schema().fields()) types.append(field.type);
                     return types;
                   })
      .def_prop_ro("schema", schema_of)
      .def("__len__", &DataFrame::height)
      .def("__getitem__", get)
      .def("__contains__", [](const DataFrame& f, const std::string& name) { return f.schema().index_of(name).has_value(); })
      .def("get_columns", columns_of)
      .def("select",
           [](const DataFrame& f, const nb::args& args, const nb::kwargs& named) {
             const auto expressions = expressions_of(args, named);
             const nb::gil_scoped_release released;
             return value_or_raise(frame::select(f, expressions));
           })
      .def("with_columns",
           [](const DataFrame& f, const nb::args& args, const nb::kwargs& named) {
             const auto expressions = expressions_of(args, named);
             const nb::gil_scoped_release released;
             return value_or_raise(frame::with_columns(f, expressions));
           })
      .def("filter",
           [](const DataFrame& f, const nb::args& conditions) {
             const auto condition = condition_of(conditions);
             const nb::gil_scoped_release released;
             return value_or_raise(frame::filter(f, condition));
           })
      .def("group_by",
           [](const DataFrame& f, const nb::args& by, const nb::kwargs& named) {
             nb::kwargs keys;
             for (const auto& [name, value] : named) {
               if (nb::cast<std::string>(name) != "maintain_order") keys[name] = value;
             }
             return GroupBy{f, expressions_of(by, keys)};
           })
      .def(
          "slice",
          [](const DataFrame& f, size_t offset, std::optional<size_t> length) { return f.slice(offset, length.value_or(f.height())); },
          nb::arg("offset"), nb::arg("length") = nb::none())
      .def(
          "head", [](const DataFrame& f, size_t n) { return f.slice(0, n); }, nb::arg("n") = 5)
      .def(
          "tail", [](const DataFrame& f, size_t n) { return f.slice(f.height() - std::min(n, f.height()), n); }, nb::arg("n") = 5)
      .def("lazy", [](const DataFrame& f) { return frame::Plan::scan(f); })
      .def("to_dict", to_dict, nb::kw_only(), nb::arg("as_series") = true)
      .def("to_dicts", to_dicts)
      .def("to_arrow", [](nb::handle self) { return nb::module_::import_("pyarrow").attr("table")(self); })
      .def(
          "__arrow_c_stream__", [](const DataFrame& f, nb::handle requested) { return stream_capsule(f, requested); },
          nb::arg("requested_schema") = nb::none())
      .def("__arrow_c_schema__", [](const DataFrame& f) { return schema_capsule(f.schema()); })
      .def("__repr__", [](const DataFrame& f) { return frame::to_text(f, options()); })
      .def("_repr_html_", [](const DataFrame& f) { return frame::to_html(f); });
  module.def(
      "read_parquet",
      [](const std::filesystem::path& path, const std::optional<std::vector<std::string>>& columns, std::optional<uint64_t> rows) {
        const nb::gil_scoped_release released;
        const auto file = value_or_raise(frame::ParquetFile::open(path));
        return value_or_raise(file.read(columns, rows.value_or(UINT64_MAX)));
      },
      nb::arg("source"), nb::kw_only(), nb::arg("columns") = nb::none(), nb::arg("n_rows") = nb::none());
  module.def("read_parquet_schema", [](const std::filesystem::path& path) {
        nb::dict out;
        const auto file = value_or_raise(frame::ParquetFile::open(path));
        for (const Field& field : file.schema().fields()) out[field.name.c_str()] = field.type;
        return out;
      }, nb::arg("source"));
}

}  // namespace headrace::python
