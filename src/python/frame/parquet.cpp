#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "frame/sink.h"
#include "python/frame/bindings.h"
#include "python/frame/query.h"
#include "python/frame/write_target.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

void write_parquet(const frame::Plan& plan, nb::handle to, const std::string& compression, std::optional<int> level, bool statistics,
                   std::optional<uint64_t> group_rows, std::optional<uint64_t> page_bytes, nb::handle memory,
                   std::optional<size_t> threads) {
  frame::ParquetWriteOptions options{.compression = compression, .compression_level = level, .statistics = statistics};
  options.row_group_rows = group_rows.value_or(options.row_group_rows);
  options.page_bytes = page_bytes.value_or(options.page_bytes);
  frame::QueryOptions query = query_options(memory, threads, true);
  const PythonTarget target(to);
  check_or_raise(run_cancellably([=, into = target.target()](const auto& cancelled) mutable {
    query.cancelled = cancelled;
    return frame::write_parquet(plan, into, options, query);
  }));
}

}  // namespace

void bind_parquet(nb::module_& module) {
  module.def("write_parquet", write_parquet, nb::arg("plan"), nb::arg("target"), nb::arg("compression"),
             nb::arg("compression_level").none(), nb::arg("statistics"), nb::arg("row_group_size").none(), nb::arg("data_page_size").none(),
             nb::arg("memory").none(), nb::arg("threads").none());
}

}  // namespace headrace::python
