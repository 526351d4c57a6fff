#include "model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/log.h"
#include "base/thread_team.h"
#include "model/cpu/cpu_backend.h"
#include "model/gguf.h"
#include "model/gguf/header_stream.h"
#include "model/plan.h"
#include "model/plan/kept_tensors.h"
#include "model/plan/quantize_plan.h"

namespace headrace::model {
namespace {

constexpr int kMostThreads = 1024;

/// Gives what reading a file's metadata took and freed back to the system, where the C library keeps it.
void release_unused_heap() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

/// The file itself, or the only .gguf file of a folder.
Result<std::filesystem::path> model_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return path;
  std::set<std::filesystem::path> found;
  for (auto entry = std::filesystem::directory_iterator(path, error); !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() == ".gguf") found.insert(entry->path());
  }
  if (error) return fail(ErrorKind::Io, fmt::format("cannot list {}: {}", path.string(), error.message()));
  if (found.empty()) return fail(ErrorKind::NotFound, fmt::format("the folder {} holds no .gguf file", path.string()));
  if (found.size() > 1) {
    return fail(ErrorKind::InvalidArgument, fmt::format("the folder {} holds {} .gguf files; name one of them, for example {}",
                                                        path.string(), found.size(), found.begin()->string()));
  }
  return *found.begin();
}

class LoadedModel : public Model {
 public:
  const ModelInfo& info() const override { return info_; }
  const std::shared_ptr<const text::Tokenizer>& tokenizer() const override { return tokenizer_; }
  const std::shared_ptr<const text::ChatTemplate>& chat_template() const override { return chat_template_; }
  Backend& backend() override { return *backend_; }
  const std::shared_ptr<MemoryBudget>& budget() const override { return budget_; }

  Result<void> load(const std::filesystem::path& path, const LoadOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    if (options.threads < 0 || options.threads > kMostThreads) {
      return fail(ErrorKind::InvalidArgument, fmt::format("{} threads were asked for; 1 to {} are possible", options.threads, kMostThreads));
    }
    budget_ = options.budget ? options.budget : process_budget();
    HR_TRY(const auto isa, options.isa ? Result<kernels::Isa>(*options.isa) : kernels::default_isa());
    HR_TRY(const auto* exact, kernels::kernel_table(isa));
    HR_TRY(const auto* kernels, kernels::kernel_table(isa, options.fast));
    HR_TRY(info_.path, model_file(path));
    HR_TRY(const auto gguf, Gguf::open(info_.path));
    HR_CHECK(load_text(gguf));
    HR_TRY(auto plan, emit_plan(gguf));
    HR_CHECK(quantize_plan(gguf, options.quantize, plan));
    for (kernels::AttentionShape& layer : plan.layers) layer.format = options.kv_format;
    if (tokenizer_->vocabulary_size() > plan.vocabulary) {
      return fail(ErrorKind::InvalidData, fmt::format("{}: the tokenizer has {} tokens, but the embedding only {} rows",
                                                      info_.path.string(), tokenizer_->vocabulary_size(), plan.vocabulary));
    }
    auto team = std::make_unique<ThreadTeam>(options.threads, ThreadTeam::Attendance::Adaptive);
    release_unused_heap();  // of reading the file's metadata
    HR_TRY(auto weights, load_weights(gguf, plan, *kernels, *team, {.budget = budget_, .progress = options.progress}));
    describe(gguf, plan, weights);
    info_.isa = kernels == exact ? kernels::name(isa) : fmt::format("{}, fast", kernels::name(isa));
    info_.kv_format = kernels::name(options.kv_format);
    info_.quantize = options.quantize == Quantize::Nothing ? "" : name(options.quantize);
    info_.threads = team->size();
    backend_ = make_cpu_backend({std::move(plan), std::move(weights), kernels, std::move(team), budget_});
    info_.load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {};
  }

 private:
  Result<void> load_text(const Gguf& gguf) {
    HR_TRY(auto source, tokenizer_source(gguf));
    HR_TRY(tokenizer_, text::Tokenizer::compile(std::move(source)));
    if (!gguf.metadata().contains("tokenizer.chat_template")) return {};
    HR_TRY(auto chat, gguf.string("tokenizer.chat_template"));
    auto compiled = text::ChatTemplate::compile(std::move(chat));
    if (compiled) {
      chat_template_ = std::move(*compiled);
    } else {
      log(LogLevel::Warning, "model", "{}: the chat template cannot be used: {}", info_.path.string(), compiled.error().message);
    }
    return {};
  }

  void describe(const Gguf& gguf, const Plan& plan, const Weights& weights) {
    const auto name = gguf.string("general.name");
    info_.name = name && !name->empty() ? printable(*name) : info_.path.stem().string();
    info_.architecture = plan.architecture;
    KeptTensors kept = kept_tensors(gguf, plan);
    info_.weight_types = std::move(kept.types);
    for (const GgufTensor& tensor : gguf.tensors()) info_.parameters += tensor.elements;
    info_.tensor_bytes = kept.bytes;
    info_.weight_bytes = weights.memory.size();
    info_.layers = static_cast<uint32_t>(plan.layers.size());
    info_.hidden = plan.hidden;
    info_.vocabulary = plan.vocabulary;
    info_.context_length = plan.context_length;
  }

  ModelInfo info_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::shared_ptr<const text::ChatTemplate> chat_template_;
  std::shared_ptr<MemoryBudget> budget_;
  std::unique_ptr<Backend> backend_;
};

}  // namespace

Result<std::shared_ptr<Model>> Model::load(const std::filesystem::path& path, const LoadOptions& options) {
  auto model = std::make_shared<LoadedModel>();
  HR_CHECK(model->load(path, options));
  return model;
}

}  // namespace headrace::model
