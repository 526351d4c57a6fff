#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/any_tokenizer.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "cli/tokenizer_commands.h"
#include "text/pipeline.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
A compiled tokenizer does what the file does that it was made of, and is ready in a few
milliseconds: it is mapped and used where it lies, by several processes together. Every
command and library call that takes a tokenizer.json takes it. The same tokenizer gives the
same bytes, for every CPU; a new version of Headrace may ask for it to be compiled again.

Examples:
  headrace tokenizer compile tokenizer.json -o tokenizer.hrt
  headrace tokenizer compile qwen.tiktoken --encoding qwen -o qwen.hrt)";

struct CompileOptions : ModelOptions {
  std::string output;
  std::string encoding;
};

Result<int> run(CompileOptions& options) {
  HR_TRY(const auto pipeline, load_pipeline(options, options.encoding));
  HR_CHECK(pipeline.save_compiled(options.output));
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(options.output, ignored);
  if (options.json) {
    print_json({{"output", options.output}, {"bytes", bytes}, {"vocabulary_size", pipeline.vocabulary_size(true)}});
    return 0;
  }
  fmt::print("{}: {} tokens, {:.1f} MB\n", options.output, pipeline.vocabulary_size(true), static_cast<double>(bytes) / 1e6);
  return 0;
}

}  // namespace

void add_tokenizer_compile(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<CompileOptions>();
  CLI::App* command = add_command(app, chosen, "compile", "write a tokenizer as a file that is mapped and ready at once", options, run);
  command->add_option("FILE", options->model, "a tokenizer's file or folder, a GGUF file or a model's name")->option_text(" ")->required();
  command->add_option("-o,--output", options->output, "where to write it")->option_text("FILE")->required();
  command->add_option("--encoding", options->encoding, "the encoding of a tiktoken rank file (found by its size if it can be)")
      ->option_text("NAME");
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
