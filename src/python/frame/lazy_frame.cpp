#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include "frame/array_builder.h"
#include "frame/plan.h"
#include "python/errors.h"
#include "python/frame/bindings.h"
#include "python/frame/query.h"
#include "python/interruptible.h"

namespace nb = nanobind;

namespace headrace::python {

using frame::DataFrame;
using frame::Field;
using frame::Plan;

namespace {

DataFrame collect(const Plan& plan, nb::handle memory, std::optional<size_t> threads, bool optimised) {
  return value_or_raise(run_cancellably([plan, options = query_options(memory, threads, optimised)](const auto& cancelled) mutable {
    options.cancelled = cancelled;
    return frame::collect(plan, options);
  }));
}

frame::Column numbers(const std::vector<frame::StepProfile>& steps, uint64_t frame::StepProfile::* of) {
  frame::ArrayBuilder builder(frame::TypeId::UInt64);
  for (const auto& step : steps) check_or_raise(builder.append(step.*of));
  return value_or_raise(builder.finish());
}

/// What the steps took, as a frame, the source first.
DataFrame frame_of(const std::vector<frame::StepProfile>& steps) {
  frame::ArrayBuilder names(frame::TypeId::String), times(frame::TypeId::Float64);
  for (const auto& step : steps) {
    check_or_raise(names.append_bytes(step.step));
    check_or_raise(times.append(std::round(static_cast<double>(step.nanoseconds) / 1e3) / 1e3));
  }
  auto schema = value_or_raise(frame::Schema::make(
      {{"step", frame::TypeId::String}, {"rows", frame::TypeId::UInt64}, {"bytes", frame::TypeId::UInt64},
       {"milliseconds", frame::TypeId::Float64}, {"spilled", frame::TypeId::UInt64}}));
  return value_or_raise(DataFrame::make(std::move(schema), {value_or_raise(names.finish()), numbers(steps, &frame::StepProfile::rows),
                                                            numbers(steps, &frame::StepProfile::bytes), value_or_raise(times.finish()),
                                                            numbers(steps, &frame::StepProfile::spilled)}));
}

nb::tuple profile(const Plan& plan, nb::handle memory, std::optional<size_t> threads) {
  const auto made = value_or_raise(run_cancellably([plan, options = query_options(memory, threads, true)](const auto& cancelled) mutable {
    options.cancelled = cancelled;
    return frame::profile(plan, options);
  }));
  return nb::make_tuple(made.result, frame_of(made.steps));
}

/// The iterator of collect_batches().
class BatchIterator {
 public:
  BatchIterator(const Plan& plan, frame::QueryOptions options, size_t rows) {
    options.cancelled = cancelled_;
    batches_ = std::make_shared<frame::Batches>(plan, options, rows);
  }
  BatchIterator(BatchIterator&&) = default;
  ~BatchIterator() {
    if (cancelled_) *cancelled_ = true;
  }

  DataFrame next() {
    if (!batches_) throw nb::stop_iteration();
    // After Ctrl-C the work left behind has them alone.
    const auto batches = std::exchange(batches_, nullptr);
    std::optional<DataFrame> frame;
    try {
      frame = value_or_raise(run_interruptibly([batches] { return batches->next(); }));
    } catch (...) {
      *cancelled_ = true;
      throw;
    }
    if (!frame) throw nb::stop_iteration();
    batches_ = batches;
    return *std::move(frame);
  }

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<frame::Batches> batches_;
};

nb::dict schema_of(const Plan& plan) {
  nb::dict out;
  for (const Field& field : plan.schema().fields()) out[field.name.c_str()] = field.type;
  return out;
}

/// Names given one by one or in lists.
std::vector<std::string> names_of(const nb::args& args) {
  std::vector<std::string> names;
  for (const nb::handle each : args) {
    if (nb::isinstance<nb::str>(each)) {
      names.push_back(nb::cast<std::string>(each));
    } else {
      for (const nb::handle one : each) names.push_back(nb::cast<std::string>(one));
    }
  }
  return names;
}

Plan drop(const Plan& plan, const nb::args& args, bool strict) {
  auto names = names_of(args);
  if (!strict) std::erase_if(names, [&](const std::string& name) { return !plan.schema().index_of(name); });
  return value_or_raise(plan.drop(names));
}

Plan rename(const Plan& plan, nb::handle mapping, bool strict) {
  std::map<std::string, std::string> names;
  if (nb::isinstance<nb::dict>(mapping)) {
    names = nb::cast<std::map<std::string, std::string>>(mapping);
  } else {
    for (const Field& field : plan.schema().fields()) names[field.name] = nb::cast<std::string>(mapping(field.name));
  }
  if (!strict) std::erase_if(names, [&](const auto& pair) { return !plan.schema().index_of(pair.first); });
  return value_or_raise(plan.rename(names));
}

Plan scan_parquet(nb::handle source, const std::optional<std::vector<std::string>>& columns, std::optional<uint64_t> rows,
                  const std::optional<std::string>& index, uint64_t offset, std::optional<bool> hive, nb::handle hive_schema,
                  bool hive_dates, const std::optional<std::string>& paths) {
  std::vector<std::filesystem::path> sources;
  if (nb::isinstance<nb::list>(source) || nb::isinstance<nb::tuple>(source)) {
    sources = nb::cast<std::vector<std::filesystem::path>>(source);
  } else {
    sources.push_back(nb::cast<std::filesystem::path>(source));
  }
  Plan::ParquetOptions options{
      .columns = columns, .hive_partitioning = hive, .try_parse_hive_dates = hive_dates, .include_file_paths = paths};
  if (!hive_schema.is_none()) options.hive_schema = nb::cast<std::map<std::string, frame::DataType>>(hive_schema);
  const nb::gil_scoped_release released;
  Plan plan = value_or_raise(Plan::scan_parquet(sources, options));
  if (rows) plan = plan.slice(0, *rows);
  return index ? value_or_raise(plan.with_row_index(*index, offset)) : plan;
}

void bind_steps(nb::class_<Plan>& type) {
  type.def("select", [](const Plan& p, const nb::args& args, const nb::kwargs& named) {
             return value_or_raise(p.select(expressions_of(args, named)));
           })
      .def("with_columns", [](const Plan& p, const nb::args& args, const nb::kwargs& named) {
             return value_or_raise(p.with_columns(expressions_of(args, named)));
           })
      .def("filter", [](const Plan& p, const nb::args& conditions) { return value_or_raise(p.filter(condition_of(conditions))); })
      .def("drop", drop, nb::arg("columns"), nb::kw_only(), nb::arg("strict") = true)
      .def("rename", rename, nb::arg("mapping"), nb::kw_only(), nb::arg("strict") = true)
      .def("with_row_index", [](const Plan& p, const std::string& name, uint64_t offset) {
             return value_or_raise(p.with_row_index(name, offset));
           }, nb::arg("name") = "index", nb::arg("offset") = 0)
      .def("slice", [](const Plan& p, int64_t offset, std::optional<uint64_t> length) {
             return p.slice(offset, length.value_or(UINT64_MAX));
           }, nb::arg("offset"), nb::arg("length") = nb::none())
      .def("head", [](const Plan& p, uint64_t n) { return p.slice(0, n); }, nb::arg("n") = 5)
      .def("limit", [](const Plan& p, uint64_t n) { return p.slice(0, n); }, nb::arg("n") = 5)
      .def("tail", [](const Plan& p, uint32_t n) { return p.slice(-int64_t{n}, n); }, nb::arg("n") = 5)
      .def("first", [](const Plan& p) { return p.slice(0, 1); })
      .def("last", [](const Plan& p) { return p.slice(-1, 1); })
      .def("lazy", [](const Plan& p) { return p; })
      .def("pipe", [](nb::handle self, nb::handle function, const nb::args& args, const nb::kwargs& named) {
             return function(self, *args, **named);
           });
}

void bind_ends(nb::class_<Plan>& type) {
  type.def("collect", collect, nb::kw_only(), nb::arg("memory") = nb::none(), nb::arg("threads") = nb::none(), nb::arg("optimized") = true)
      .def("profile", profile, nb::kw_only(), nb::arg("memory") = nb::none(), nb::arg("threads") = nb::none())
      .def("collect_batches", [](const Plan& p, std::optional<size_t> rows, nb::handle memory, std::optional<size_t> threads) {
             constexpr size_t kRows = size_t{1} << 16;
             return BatchIterator(p, query_options(memory, threads, true), rows.value_or(kRows));
           }, nb::kw_only(), nb::arg("chunk_size") = nb::none(), nb::arg("memory") = nb::none(), nb::arg("threads") = nb::none())
      .def("explain", [](const Plan& p, bool optimised) { return optimised ? p.optimised().explain() : p.explain(); }, nb::kw_only(),
           nb::arg("optimized") = true)
      .def("collect_schema", schema_of)
      .def_prop_ro("schema", schema_of)
      .def_prop_ro("columns", [](const Plan& p) { return nb::list(schema_of(p).keys()); })
      .def_prop_ro("dtypes", [](const Plan& p) { return nb::list(schema_of(p).values()); })
      .def_prop_ro("width", [](const Plan& p) { return p.schema().size(); })
      .def("__repr__", [](const Plan& p) { return p.explain(); });
}

}  // namespace

void bind_lazy_frame(nb::module_& module) {
  nb::class_<Plan> type(module, "LazyFrame");
  type.def("__init__", [](Plan* self, nb::handle data, nb::handle schema) {
             const nb::object frame = nb::type<DataFrame>()(data, nb::arg("schema") = schema);
             new (self) Plan(Plan::scan(nb::cast<DataFrame&>(frame)));
           }, nb::arg("data") = nb::none(), nb::arg("schema") = nb::none());
  bind_steps(type);
  bind_ends(type);
  nb::class_<BatchIterator>(module, "BatchIterator")
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__", &BatchIterator::next);
  module.def("scan_parquet", scan_parquet, nb::arg("source"), nb::kw_only(), nb::arg("columns") = nb::none(),
             nb::arg("n_rows") = nb::none(), nb::arg("row_index_name") = nb::none(), nb::arg("row_index_offset") = 0,
             nb::arg("hive_partitioning") = nb::none(), nb::arg("hive_schema") = nb::none(), nb::arg("try_parse_hive_dates") = true,
             nb::arg("include_file_paths") = nb::none());
  module.def("concat", [](const std::vector<Plan>& frames) {
    if (frames.empty()) throw nb::next_overload();  // of frames in memory, which says that it needs one
    return value_or_raise(Plan::concat(frames));
  }, nb::arg("frames"));
}

}  // namespace headrace::python
