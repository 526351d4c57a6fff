#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "frame/sql.h"
#include "python/errors.h"
#include "python/frame/bindings.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::DataFrame;
using frame::Plan;

namespace {

/// A plan, a frame, or files by a path, a pattern or a list of them.
Plan table_of(const std::string& name, nb::handle given) {
  if (nb::isinstance<Plan>(given)) return nb::cast<Plan>(given);
  if (nb::isinstance<DataFrame>(given)) return Plan::scan(nb::cast<DataFrame>(given));
  std::vector<std::filesystem::path> sources;
  std::filesystem::path path;
  if (nb::try_cast(given, path)) {
    sources.push_back(std::move(path));
  } else if (!nb::hasattr(given, "__arrow_c_stream__") && (nb::isinstance<nb::list>(given) || nb::isinstance<nb::tuple>(given))) {
    for (const nb::handle one : given) sources.push_back(nb::cast<std::filesystem::path>(one));
  }
  if (!sources.empty()) {
    const nb::gil_scoped_release released;
    return value_or_raise(frame::scan_files(sources));
  }
  if (given.is_none()) throw nb::type_error(("table " + name + " is None").c_str());
  // What Arrow and Python make a frame of.
  return Plan::scan(nb::cast<DataFrame>(nb::type<DataFrame>()(given)));
}

Plan sql(const std::string& query, nb::handle tables) {
  frame::SqlTables named;
  if (!tables.is_none()) {
    for (const auto& [name, table] : nb::cast<nb::dict>(tables)) {
      const auto key = nb::cast<std::string>(name);
      named.emplace(key, table_of(key, table));
    }
  }
  const nb::gil_scoped_release released;
  return value_or_raise(frame::sql_plan(query, named));
}

}  // namespace

void bind_sql(nb::module_& module) { module.def("sql", sql, nb::arg("query"), nb::arg("tables") = nb::none()); }

}  // namespace headrace::python
