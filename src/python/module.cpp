#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/cpu_features.h"
#include "kernels/kernel_table.h"
#include "python/bindings.h"
#include "python/errors.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

std::vector<std::string> usable_isas() {
  std::vector<std::string> names;
  for (const auto isa : kernels::kAllIsas) {
    if (kernels::can_run(isa)) names.emplace_back(kernels::name(isa));
  }
  return names;
}

}  // namespace
}  // namespace headrace::python

NB_MODULE(_native, module) {
  using namespace headrace;
  using namespace headrace::python;
  // Objects that outlive the interpreter are the user's globals, not leaks of ours.
  nb::set_leak_warnings(false);
  module.attr("version") = HEADRACE_VERSION;
  module.attr("compiler") = __VERSION__;
  module.def("cpu_name", [] { return cpu_features().model_name; });
  module.def("usable_cpus", [] { return usable_cpus(); });
  module.def("usable_isas", &usable_isas);
  module.def("default_isa", [] { return std::string(kernels::name(value_or_raise(kernels::default_isa()))); });
  bind_errors();
  bind_catalog(module);
  bind_tensor(module);
  bind_frame(module);
  bind_tokenizer(module);
  bind_tokenizers(module);
  bind_notifier(module);
  bind_job(module);
  bind_engine(module);
}
