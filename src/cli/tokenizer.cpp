#include "cli/commands.h"
#include "cli/tokenizer_commands.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  headrace tokenizer train *.txt --vocab-size 8000 --output tokenizer.json
  headrace tokenizer inspect tokenizer.json
  headrace tokenizer compile tokenizer.json -o tokenizer.hrt
  headrace tokenizer compare smollm2 tokenizer.json "The mill by the river"

Run `headrace tokenizer COMMAND --help` for a command's options (--json among them).)";

}  // namespace

void add_tokenizer(CLI::App& app, Chosen& chosen) {
  CLI::App* group = app.add_subcommand("tokenizer", "train, inspect, compile and compare tokenizers");
  group->require_subcommand(1);
  add_tokenizer_train(*group, chosen);
  add_tokenizer_inspect(*group, chosen);
  add_tokenizer_compile(*group, chosen);
  add_tokenizer_compare(*group, chosen);
  group->footer(kFooter);
}

}  // namespace headrace::cli
