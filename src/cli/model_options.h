#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "engine/engine.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace headrace::cli {

/// The options that every command with a MODEL shares.
struct ModelOptions {
  std::string model = "smollm2";
  int threads = 0;
  std::string isa = "auto";
  bool fast = false;           ///< see kernels::kernel_table
  std::string kv_type = "int8";
  std::string quantize;        ///< empty: weights as the file has them
  uint64_t memory_bytes = 0;   ///< 0: no limit
  uint64_t kv_bytes = 0;       ///< 0: the engine's choice
  uint32_t context = 0;        ///< 0: the model's own
  bool json = false;
  bool quiet = false;
};

/// A byte count as an option's value: "512MiB", "2GB", "1048576".
CLI::Option* add_bytes_option(CLI::App& command, const std::string& name, uint64_t& bytes, const std::string& description);
/// MODEL, positional; optional if `required` is false.
CLI::Option* add_model_argument(CLI::App& command, ModelOptions& options, bool required);
void add_json_option(CLI::App& command, ModelOptions& options);
/// --threads, --isa, --fast, --kv-type, --quantize, --memory, --context, --kv-memory, --quiet, --json.
void add_run_options(CLI::App& command, ModelOptions& options);

/// The file behind MODEL; fetches a named model and shows how far that is.
Result<std::filesystem::path> find_model(const ModelOptions& options);
/// Finds and loads MODEL.
Result<std::shared_ptr<model::Model>> load_model(const ModelOptions& options);
/// The tokenizer of MODEL alone, without its weights.
Result<std::shared_ptr<const text::Tokenizer>> load_tokenizer(const ModelOptions& options);
/// The engine's options that follow from these.
engine::EngineOptions engine_options(const ModelOptions& options);

}  // namespace headrace::cli
