#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <utility>

#include "frame/plan.h"
#include "frame/sink.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/query.h"
#include "python/frame/write_target.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::CsvInput;
using frame::CsvOptions;
using frame::DataType;

namespace {

/// An option as headrace.frame._csv passes it on.
template <class T>
void take(const nb::dict& options, const char* name, T& value) {
  value = nb::cast<T>(options[name]);
}

CsvOptions options_of(const nb::dict& from) {
  CsvOptions options;
  take(from, "has_header", options.has_header);
  take(from, "separator", options.separator);
  take(from, "comment_prefix", options.comment_prefix);
  take(from, "quote_char", options.quote_char);
  take(from, "eol_char", options.eol_char);
  take(from, "skip_rows", options.skip_rows);
  take(from, "skip_rows_after_header", options.skip_rows_after_header);
  take(from, "new_columns", options.new_columns);
  take(from, "schema_overrides", options.schema_overrides);
  take(from, "types", options.types);
  take(from, "null_values", options.null_values);
  take(from, "null_value_of", options.null_value_of);
  take(from, "empty_string_is_null", options.empty_string_is_null);
  take(from, "ignore_errors", options.ignore_errors);
  take(from, "try_parse_dates", options.try_parse_dates);
  take(from, "infer_schema_length", options.infer_schema_length);
  take(from, "is_lossy", options.is_lossy);
  take(from, "truncate_ragged_lines", options.truncate_ragged_lines);
  take(from, "decimal_comma", options.decimal_comma);
  take(from, "raise_if_empty", options.raise_if_empty);
  take(from, "glob", options.glob);
  std::optional<std::vector<std::pair<std::string, DataType>>> schema;
  take(from, "schema", schema);
  if (schema) {
    options.schema.emplace();
    for (auto& [name, type] : *schema) options.schema->push_back({name, type});
  }
  return options;
}

/// Bytes are copied: the object need not outlive the plan, and no thread of the pool lets go of it.
CsvInput input_of(nb::handle source) {
  if (!nb::isinstance<nb::bytes>(source)) return nb::cast<std::filesystem::path>(source);
  const auto bytes = nb::borrow<nb::bytes>(source);
  Buffer copy = value_or_raise(Buffer::allocate(bytes.size()));
  std::memcpy(copy.data(), bytes.c_str(), bytes.size());
  return copy;
}

frame::Plan scan_csv(const nb::list& sources, const nb::dict& from) {
  std::vector<CsvInput> inputs;
  for (const nb::handle source : sources) inputs.push_back(input_of(source));
  const CsvOptions options = options_of(from);
  const nb::gil_scoped_release released;
  return value_or_raise(frame::Plan::scan_csv(inputs, options));
}

frame::CsvWriteOptions write_options_of(const nb::dict& from) {
  frame::CsvWriteOptions options;
  take(from, "include_bom", options.include_bom);
  take(from, "include_header", options.include_header);
  take(from, "separator", options.separator);
  take(from, "line_terminator", options.line_terminator);
  take(from, "quote_char", options.quote_char);
  options.quote_style = value_or_raise(frame::quote_style_of(nb::cast<std::string>(from["quote_style"])));
  take(from, "null_value", options.null_value);
  take(from, "datetime_format", options.datetime_format);
  take(from, "date_format", options.date_format);
  take(from, "float_scientific", options.float_scientific);
  take(from, "float_precision", options.float_precision);
  take(from, "decimal_comma", options.decimal_comma);
  take(from, "compression_level", options.compression_level);
  const auto compression = nb::cast<std::string>(from["compression"]);
  using enum frame::CsvWriteOptions::Compression;
  options.compression = compression == "gzip" ? Gzip : compression == "zstd" ? Zstd : None;
  return options;
}

void write_csv(const frame::Plan& plan, nb::handle to, const nb::dict& from, nb::handle memory, std::optional<size_t> threads) {
  const frame::CsvWriteOptions options = write_options_of(from);
  frame::QueryOptions query = query_options(memory, threads, true);
  const PythonTarget target(to);
  check_or_raise(run_cancellably([=, into = target.target()](const auto& cancelled) mutable {
    query.cancelled = cancelled;
    return frame::write_csv(plan, into, options, query);
  }));
}

}  // namespace

void bind_csv(nb::module_& module) {
  module.def("scan_csv", scan_csv, nb::arg("sources"), nb::arg("options"));
  module.def("write_csv", write_csv, nb::arg("plan"), nb::arg("target"), nb::arg("options"), nb::arg("memory") = nb::none(),
             nb::arg("threads") = nb::none());
}

}  // namespace headrace::python
