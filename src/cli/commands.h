#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/error.h"

namespace headrace::cli {

/// What a chosen command does after the command line has been read; the value is the
/// process's exit code. An error is printed on standard error and ends with code 1.
using Action = std::function<Result<int>()>;

/// Set by the command that the user chose.
struct Chosen {
  Action action;
  bool json = false;  ///< errors are printed as JSON too
};

// One function a command: each adds itself to the app and, when chosen, fills `chosen`.
void add_serve(CLI::App& app, Chosen& chosen);
void add_chat(CLI::App& app, Chosen& chosen);
void add_generate(CLI::App& app, Chosen& chosen);
void add_tokenize(CLI::App& app, Chosen& chosen);
void add_tokenizer(CLI::App& app, Chosen& chosen);
void add_bench(CLI::App& app, Chosen& chosen);
void add_inspect(CLI::App& app, Chosen& chosen);
void add_pull(CLI::App& app, Chosen& chosen);
void add_sql(CLI::App& app, Chosen& chosen);
void add_version(CLI::App& app, Chosen& chosen);

/// Adds a subcommand whose options live in an `Options` that outlives the parsing;
/// `run(options)` is called if it is the one that was chosen.
template <class Options>
CLI::App* add_command(CLI::App& app, Chosen& chosen, const char* name, const char* description,
                      std::shared_ptr<Options> options, Result<int> (*run)(Options&)) {
  CLI::App* command = app.add_subcommand(name, description);
  command->callback([&chosen, options, run] {
    chosen.json = options->json;
    chosen.action = [options, run] { return run(*options); };
  });
  return command;
}

}  // namespace headrace::cli
