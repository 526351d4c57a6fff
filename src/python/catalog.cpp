#include "model/catalog.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>

#include "python/bindings.h"
#include "python/errors.h"
#include "python/interruptible.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

/// What the pulling thread tells the one that shows it.
struct PullState {
  std::atomic<model::PullStage> stage{model::PullStage::Downloading};
  std::atomic<uint64_t> done{0};
  std::atomic<uint64_t> total{0};
  std::atomic<bool> cancelled{false};
};

/// Cancels the pull when this call is left, however that happens.
struct CancelAtExit {
  std::shared_ptr<PullState> state;
  ~CancelAtExit() { state->cancelled = true; }
};

std::filesystem::path resolve(const std::string& name_or_path, const std::vector<std::string>& python, const nb::object& progress) {
  const auto state = std::make_shared<PullState>();
  const CancelAtExit cancel_at_exit{state};
  model::PullOptions options;
  options.python = python;
  options.cancelled = [state] { return state->cancelled.load(); };
  options.progress = [state](const model::PullProgress& p) {
    state->stage = p.stage;
    state->done = p.done_bytes;
    state->total = p.total_bytes;
  };
  const auto show = [&] {
    if (!progress.is_none() && state->total != 0) progress(model::name(state->stage), state->done.load(), state->total.load());
  };
  auto path = run_interruptibly([options, name_or_path] { return model::resolve_model(name_or_path, options); }, show);
  return value_or_raise(std::move(path));
}

nb::list list_catalog() {
  nb::list entries;
  for (const auto& entry : model::catalog()) {
    entries.append(nb::make_tuple(entry.name, entry.description, entry.file_bytes, model::cached_path(entry)));
  }
  return entries;
}

}  // namespace

void bind_catalog(nb::module_& module) {
  module.def("resolve", &resolve, nb::arg("name_or_path"), nb::arg("python"), nb::arg("progress").none());
  module.def("catalog", &list_catalog);
}

}  // namespace headrace::python
