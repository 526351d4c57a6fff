#include "cli/model_options.h"

#include "base/memory_budget.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "kernels/kernel_table.h"
#include "model/catalog.h"
#include "model/gguf.h"

namespace headrace::cli {
namespace {

constexpr const char* kRunGroup = "Machine";

Progress::Show shown(const ModelOptions& options) {
  return options.json || options.quiet ? Progress::Show::Nothing : Progress::Show::IfUseful;
}

std::string check_kv_type(const std::string& name) {
  const auto format = kernels::parse_kv_format(name);
  return format ? std::string() : format.error().message;
}

std::string check_quantize(const std::string& name) {
  const auto quantize = model::parse_quantize(name);
  return quantize ? std::string() : quantize.error().message;
}

std::string check_isa(const std::string& name) {
  const auto isa = kernels::parse_isa(name);
  return isa ? std::string() : isa.error().message;
}

}  // namespace

CLI::Option* add_bytes_option(CLI::App& command, const std::string& name, uint64_t& bytes, const std::string& description) {
  const auto read = [&bytes](const std::string& text) {
    const auto parsed = parse_bytes(text);
    if (!parsed) throw CLI::ValidationError(parsed.error().message);
    bytes = *parsed;
  };
  return command.add_option_function<std::string>(name, read, description)->option_text("SIZE");
}

CLI::Option* add_model_argument(CLI::App& command, ModelOptions& options, bool required) {
  auto* option = command.add_option("MODEL", options.model,
                                    "a name (smollm2, gemma3), a .gguf file, or a folder that holds one");
  option->option_text(required ? " " : "[smollm2]");
  return required ? option->required() : option;
}

void add_json_option(CLI::App& command, ModelOptions& options) {
  command.add_flag("--json", options.json, "print JSON for programs; no progress");
}

void add_run_options(CLI::App& command, ModelOptions& options) {
  command.add_option("--threads", options.threads, "threads to compute with [all that this process may use]")
      ->option_text("N")->check(CLI::Range(1, 1024))->group(kRunGroup);
  command.add_option("--isa", options.isa, "kernels: portable, avx2, avx2-vnni, avx512, amx [the best this CPU has]")
      ->option_text("NAME")->check(CLI::Validator(check_isa, ""))->group(kRunGroup);
  command.add_flag("--fast", options.fast, "quicker sums of this CPU's own (AMX for BF16 weights): other CPUs may then answer otherwise")
      ->group(kRunGroup);
  command.add_option("--kv-type", options.kv_type, "how keys and values are kept: int8, or f16 in twice the memory [int8]")
      ->option_text("NAME")->check(CLI::Validator(check_kv_type, ""))->group(kRunGroup);
  command.add_option("--quantize", options.quantize, "keep float weights in 8 or 4 bits: q8, q4 [as the file has them]")
      ->option_text("NAME")->check(CLI::Validator(check_quantize, ""))->group(kRunGroup);
  command.add_option("--context", options.context, "longest sequence in tokens [the model's own]")
      ->option_text("N")->check(CLI::Range(1u, UINT32_MAX))->group(kRunGroup);
  add_bytes_option(command, "--memory", options.memory_bytes, "limit for everything, such as 2GB [none]")->group(kRunGroup);
  add_bytes_option(command, "--kv-memory", options.kv_bytes, "room for keys and values [chosen by context]")->group(kRunGroup);
  command.add_flag("-q,--quiet", options.quiet, "no progress on standard error");
  add_json_option(command, options);
}

Result<std::filesystem::path> find_model(const ModelOptions& options) {
  Progress progress(shown(options));
  const InterruptGuard guard;
  model::PullOptions pull;
  pull.progress = [&](const model::PullProgress& p) { progress.update(model::name(p.stage), p.done_bytes, p.total_bytes); };
  pull.cancelled = [] { return InterruptGuard::interrupted(); };
  return model::resolve_model(options.model, pull);
}

Result<std::shared_ptr<model::Model>> load_model(const ModelOptions& options) {
  HR_TRY(const auto path, find_model(options));
  model::LoadOptions load;
  load.threads = options.threads;
  if (options.isa != "auto") {
    HR_TRY(load.isa, kernels::parse_isa(options.isa));
  }
  load.fast = options.fast;
  HR_TRY(load.kv_format, kernels::parse_kv_format(options.kv_type));
  if (!options.quantize.empty()) {
    HR_TRY(load.quantize, model::parse_quantize(options.quantize));
  }
  if (options.memory_bytes != 0) load.budget = process_budget()->child("--memory", options.memory_bytes);
  return model::Model::load(path, load);
}

Result<std::shared_ptr<const text::Tokenizer>> load_tokenizer(const ModelOptions& options) {
  HR_TRY(const auto path, find_model(options));
  HR_TRY(const auto gguf, model::Gguf::open(path));
  HR_TRY(auto source, model::tokenizer_source(gguf));
  return text::Tokenizer::compile(std::move(source));
}

engine::EngineOptions engine_options(const ModelOptions& options) {
  engine::EngineOptions result;
  result.context = options.context;
  result.kv_bytes = options.kv_bytes;
  return result;
}

}  // namespace headrace::cli
