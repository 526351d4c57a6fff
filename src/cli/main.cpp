#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"

namespace headrace::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

constexpr const char* kFooter = R"(
MODEL is a name (smollm2, gemma3), a .gguf file, or a folder that holds one.
A named model is fetched the first time it is used, into HEADRACE_HOME
(~/.cache/headrace unless set).

Examples:
  headrace serve                                   an OpenAI-compatible server with a chat page
  headrace chat smollm2                            talk to a model in the terminal
  headrace generate smollm2 --prompt "The sea"     continue a text
  headrace sql "from 'x.parquet' limit 5"          query files
  headrace bench smollm2 --threads 2               measure this machine

Run `headrace COMMAND --help` for a command's options.
Environment: HEADRACE_HOME, HEADRACE_ISA (portable, avx2, avx2-vnni, avx512, amx),
HEADRACE_LOG (debug, info, warning, error, off).
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.)";

void report(const Error& error, bool json) {
  if (json) {
    const nlohmann::ordered_json document = {{"error", {{"kind", name(error.kind)}, {"message", error.message}}}};
    fmt::print(stderr, "{}\n", document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print(stderr, "headrace: {}\n", error.message);
  }
}

/// The deepest command named on the command line, for its help.
const CLI::App* chosen_command(const CLI::App& app) {
  const auto subcommands = app.get_subcommands();
  return subcommands.empty() ? &app : chosen_command(*subcommands.front());
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = chosen_command(app);
  std::string name = command->get_name();
  for (const CLI::App* above = command->get_parent(); above; above = above->get_parent()) name = above->get_name() + " " + name;
  fmt::print(stderr, "headrace: {}\nRun `{} --help` to see how it is used.\n", error.what(), name);
  return kUsage;
}

int run(int argc, char** argv) {
  CLI::App app("Headrace: language models served from one small native process.", "headrace");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", "headrace " HEADRACE_VERSION);
  Chosen chosen;
  for (const auto add : {add_serve, add_chat, add_generate, add_tokenize, add_tokenizer, add_sql, add_bench, add_inspect, add_pull,
      add_version}) {
    add(app, chosen);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : usage_error(app, error);
  }
  auto code = chosen.action();
  if (!code) report(code.error(), chosen.json);
  const int flushed = std::fflush(stdout);
  if (code && (flushed != 0 || std::ferror(stdout) != 0)) {
    report({ErrorKind::Io, "the output could not be written completely"}, chosen.json);
    return kFailed;
  }
  if (!code) return code.error().kind == ErrorKind::Cancelled ? kInterrupted : kFailed;
  return *code;
}

}  // namespace
}  // namespace headrace::cli

int main(int argc, char** argv) {
  int code = 1;
  try {
    code = headrace::cli::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "headrace: {}\n", error.what());
  }
  std::fflush(nullptr);
  // The operating system takes memory and threads back faster than destructors do.
  std::_Exit(code);
}
