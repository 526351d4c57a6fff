#pragma once

#include "cli/commands.h"

namespace headrace::cli {

// The commands of `headrace tokenizer`, a file each.
void add_tokenizer_train(CLI::App& app, Chosen& chosen);
void add_tokenizer_inspect(CLI::App& app, Chosen& chosen);
void add_tokenizer_compile(CLI::App& app, Chosen& chosen);
void add_tokenizer_compare(CLI::App& app, Chosen& chosen);

}  // namespace headrace::cli
