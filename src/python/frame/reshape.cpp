#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

#include "frame/reshape.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::ConcatKind;
using frame::DataFrame;
using frame::Expression;
using frame::Field;

namespace {

DataFrame concat(const std::vector<DataFrame>& frames, const std::string& how) {
  using enum ConcatKind;
  constexpr std::pair<const char*, ConcatKind> kKinds[] = {{"vertical", Vertical}, {"vertical_relaxed", VerticalRelaxed},
                                                           {"horizontal", Horizontal},
                                                           {"diagonal", Diagonal}, {"diagonal_relaxed", DiagonalRelaxed}};
  const auto* kind = std::ranges::find(kKinds, how, [](const auto& one) { return std::string(one.first); });
  if (kind == std::end(kKinds)) {
    throw nb::value_error(
        fmt::format("how is one of vertical, vertical_relaxed, horizontal, diagonal, diagonal_relaxed, not {:?}", how).c_str());
  }
  if (frames.empty()) throw nb::value_error("concat needs a frame");
  const nb::gil_scoped_release released;
  return value_or_raise(frame::concat(frames, kind->second));
}

/// A name or several, in lists too.
std::vector<std::string> names_of(nb::handle names) {
  if (nb::isinstance<nb::str>(names)) return {nb::cast<std::string>(names)};
  std::vector<std::string> all;
  for (const nb::handle one : names) {
    for (std::string& name : names_of(one)) all.push_back(std::move(name));
  }
  return all;
}

DataFrame rename(const DataFrame& f, nb::handle mapping, bool strict) {
  std::vector<std::pair<std::string, std::string>> names;
  if (PyCallable_Check(mapping.ptr())) {
    for (const Field& field : f.schema().fields()) names.emplace_back(field.name, nb::cast<std::string>(mapping(field.name)));
  } else {
    for (const auto& [from, to] : nb::cast<nb::dict>(mapping)) names.emplace_back(nb::cast<std::string>(from), nb::cast<std::string>(to));
  }
  return value_or_raise(frame::rename(f, names, strict));
}

DataFrame drop_nulls(const DataFrame& f, nb::handle subset) {
  std::vector<std::string> names;
  if (subset.is_none()) {
    for (const Field& field : f.schema().fields()) names.push_back(field.name);
  } else {
    names = names_of(subset);
  }
  const nb::gil_scoped_release released;
  return value_or_raise(frame::drop_nulls(f, names));
}

Expression value_expression(nb::handle value) {
  if (nb::isinstance<Expression>(value)) return nb::cast<Expression&>(value);
  return nb::cast<Expression>(nb::module_::import_("headrace.frame").attr("lit")(value));
}

DataFrame fill_null(const DataFrame& f, nb::handle value, const std::optional<std::string>& strategy, std::optional<uint64_t> limit) {
  if (value.is_none() == !strategy) throw nb::value_error("fill_null takes either a value or a strategy");
  const bool forward = strategy == "forward", backward = strategy == "backward";
  if (limit && !forward && !backward) throw nb::value_error("a limit goes with the strategies \"forward\" and \"backward\" alone");
  if (forward || backward) return value_or_raise(frame::fill_null(f, forward, limit.value_or(std::numeric_limits<uint64_t>::max())));
  if (!strategy) return value_or_raise(frame::fill_null(f, value_expression(value)));
  if (strategy != "zero" && strategy != "one") {
    throw nb::value_error(fmt::format("strategy is one of \"forward\", \"backward\", \"zero\", \"one\", not {:?}", *strategy).c_str());
  }
  const auto number = frame::Scalar::of(frame::TypeId::Int32, frame::Int128{strategy == "one"});
  return value_or_raise(frame::fill_null(f, Expression::literal(number)));
}

DataFrame sample(const DataFrame& f, std::optional<uint64_t> n, std::optional<double> fraction, bool with_replacement, bool shuffle,
                 std::optional<uint64_t> seed) {
  if (n && fraction) throw nb::value_error("sample takes either n or a fraction");
  if (fraction && !(*fraction >= 0)) throw nb::value_error("a fraction is not negative");
  const uint64_t rows = fraction ? static_cast<uint64_t>(*fraction * static_cast<double>(f.height())) : n.value_or(1);
  std::random_device device;
  const uint64_t chosen = seed ? *seed : uint64_t{device()} << 32 | device();
  return value_or_raise(frame::sample(f, rows, {.with_replacement = with_replacement, .shuffle = shuffle, .seed = chosen}));
}

DataFrame with_row_index(const DataFrame& f, const std::string& name, int64_t offset) {
  if (offset < 0) throw nb::value_error("rows are numbered from 0 or more");
  return value_or_raise(frame::with_row_index(f, name, static_cast<uint64_t>(offset)));
}

DataFrame drop(const DataFrame& f, const nb::args& columns, bool strict) {
  return value_or_raise(frame::drop(f, names_of(columns), strict));
}

DataFrame vstack(const DataFrame& f, const DataFrame& other) { return value_or_raise(frame::concat(std::vector<DataFrame>{f, other})); }

DataFrame hstack(const DataFrame& f, nb::handle columns) {
  const DataFrame beside = nb::cast<DataFrame>(nb::type<DataFrame>()(columns));
  return value_or_raise(frame::concat(std::vector<DataFrame>{f, beside}, ConcatKind::Horizontal));
}

}  // namespace

void bind_reshape(nb::module_& module) {
  nb::borrow<nb::class_<DataFrame>>(module.attr("DataFrame"))
      .def("hstack", hstack, nb::arg("columns"))
      .def("vstack", vstack, nb::arg("other"))
      .def("reverse", [](const DataFrame& f) { return value_or_raise(frame::reverse(f)); })
      .def("with_row_index", with_row_index, nb::arg("name") = "index", nb::arg("offset") = 0)
      .def("drop", drop, nb::arg("columns"), nb::arg("strict") = true)
      .def("rename", rename, nb::arg("mapping"), nb::kw_only(), nb::arg("strict") = true)
      .def("drop_nulls", drop_nulls, nb::arg("subset") = nb::none())
      .def("fill_null", fill_null, nb::arg("value") = nb::none(), nb::arg("strategy") = nb::none(), nb::arg("limit") = nb::none())
      .def("sample", sample, nb::arg("n") = nb::none(), nb::kw_only(), nb::arg("fraction") = nb::none(),
           nb::arg("with_replacement") = false,
           nb::arg("shuffle") = false, nb::arg("seed") = nb::none());
  module.def("concat", concat, nb::arg("frames"), nb::kw_only(), nb::arg("how") = "vertical");
}

}  // namespace headrace::python
