#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/memory_budget.h"
#include "kernels/kernel_table.h"
#include "model/quantize.h"
#include "model/step.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace headrace::model {

struct LoadOptions {
  int threads = 0;                                ///< 0: usable_cpus()
  std::optional<kernels::Isa> isa = {};           ///< unset: default_isa()
  kernels::KvFormat kv_format = kernels::KvFormat::Int8;  ///< of keys and values in the cache
  Quantize quantize = Quantize::Nothing;          ///< what float matrices are kept as
  bool fast = false;                              ///< kernel_table's `fast`
  std::shared_ptr<MemoryBudget> budget;           ///< unset: process_budget()
  /// Called now and then from the loading thread with bytes done and in all.
  std::function<void(uint64_t, uint64_t)> progress = {};
};

/// What a loaded model says of itself.
struct ModelInfo {
  std::string name;               ///< general.name, or the file's stem
  std::string architecture;       ///< "llama", "gemma3"
  std::filesystem::path path;
  std::string weight_types;       ///< as they are kept: "Q4_1 ×210, Q8_0 ×1, F32 ×61"
  std::string quantize;           ///< "q8" or "q4" where float matrices were quantised while loading
  uint64_t parameters = 0;
  uint64_t tensor_bytes = 0;      ///< of the tensors, in these types
  uint64_t weight_bytes = 0;      ///< in memory, packed
  uint32_t layers = 0;
  uint32_t hidden = 0;
  uint32_t vocabulary = 0;        ///< rows of the output head
  uint32_t context_length = 0;    ///< that the model was trained for
  std::string isa;                ///< of the kernels; "amx, fast" where answers may differ from other CPUs'
  std::string kv_format;          ///< "int8" or "f16": how keys and values are kept
  int threads = 0;
  double load_seconds = 0;
};

/// A model in memory: its tokenizer, its chat template and a backend that runs it.
class Model {
 public:
  /// Loads a `.gguf` file, or the one in a folder. Errors name the file and the key
  /// or tensor that is wrong.
  static Result<std::shared_ptr<Model>> load(const std::filesystem::path& path, const LoadOptions& options = {});
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;
  virtual const std::shared_ptr<const text::Tokenizer>& tokenizer() const = 0;
  /// Null where the file has no template.
  virtual const std::shared_ptr<const text::ChatTemplate>& chat_template() const = 0;
  virtual Backend& backend() = 0;
  virtual const std::shared_ptr<MemoryBudget>& budget() const = 0;
};

}  // namespace headrace::model
