#include <fmt/format.h>

#include <memory>

#include "base/cpu_features.h"
#include "cli/commands.h"
#include "cli/print_json.h"
#include "kernels/kernel_table.h"

namespace headrace::cli {
namespace {

struct VersionOptions {
  bool json = false;
};

std::vector<std::string> usable_isas() {
  std::vector<std::string> names;
  for (const auto isa : kernels::kAllIsas) {
    if (kernels::can_run(isa)) names.emplace_back(kernels::name(isa));
  }
  return names;
}

Result<int> run(VersionOptions& options) {
  HR_TRY(const auto isa, kernels::default_isa());
  const auto& cpu = cpu_features();
  if (options.json) {
    print_json({{"version", HEADRACE_VERSION}, {"isa", kernels::name(isa)}, {"isas", usable_isas()},
                {"cpu", cpu.model_name}, {"cpus", usable_cpus()}, {"compiler", __VERSION__}});
  } else {
    fmt::print("headrace {}\nkernels   {} (this CPU runs: {})\ncpu       {}, {} usable\ncompiler  {}\n", HEADRACE_VERSION,
               kernels::name(isa), fmt::join(usable_isas(), ", "), cpu.model_name, usable_cpus(), __VERSION__);
  }
  return 0;
}

}  // namespace

void add_version(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<VersionOptions>();
  CLI::App* command = add_command(app, chosen, "version", "say what this is and what this CPU can do", options, run);
  command->add_flag("--json", options->json, "print JSON for programs");
}

}  // namespace headrace::cli
