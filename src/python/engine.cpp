#include "engine/engine.h"

#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <nlohmann/json.hpp>

#include "base/memory_budget.h"
#include "python/bindings.h"
#include "python/errors.h"
#include "python/interruptible.h"
#include "python/job_object.h"
#include "python/request_of.h"
#include "python/tensor.h"
#include "python/tokenizer.h"

namespace nb = nanobind;

namespace headrace::python {
namespace {

using text::TokenId;

/// The Python class Engine: one loaded model with its engine.
class EngineObject {
 public:
  explicit EngineObject(std::shared_ptr<engine::Engine> engine)
      : model_(engine->model()), holder_(std::make_shared<EngineHolder>(std::move(engine))) {}

  std::shared_ptr<engine::Engine> engine() const {
    auto engine = holder_.get()->get();
    if (!engine) throw Failure({ErrorKind::InvalidArgument, "this LLM has been closed"});
    return engine;
  }
  const std::shared_ptr<EngineHolder>& holder() const { return holder_.get(); }
  const model::Model& model() const { return *model_.unchecked(); }

  /// "open", "closed", or "of another process" after a fork.
  const char* state() const {
    if (holder_.is_foreign()) return "of another process";
    return holder_.get()->get() ? "open" : "closed";
  }

  void close() {
    if (holder_.is_foreign()) return;
    const nb::gil_scoped_release released;
    holder_.get()->close().reset();
  }

 private:
  ProcessBound<model::Model> model_;
  ProcessBound<EngineHolder> holder_;
};

struct LoadArguments {
  std::filesystem::path path;
  int threads;
  std::optional<std::string> isa;
  bool fast;
  std::string kv_type;
  std::optional<std::string> quantize;
  uint64_t memory_bytes;
  uint64_t kv_bytes;
  uint32_t context;
  bool prefix_cache;
};

Result<std::shared_ptr<engine::Engine>> load(const LoadArguments& arguments) {
  model::LoadOptions options;
  options.threads = arguments.threads;
  if (arguments.isa && *arguments.isa != "auto") {
    HR_TRY(options.isa, kernels::parse_isa(*arguments.isa));
  }
  options.fast = arguments.fast;
  HR_TRY(options.kv_format, kernels::parse_kv_format(arguments.kv_type));
  if (arguments.quantize) {
    HR_TRY(options.quantize, model::parse_quantize(*arguments.quantize));
  }
  if (arguments.memory_bytes != 0) options.budget = process_budget()->child("this LLM", arguments.memory_bytes);
  HR_TRY(auto model, model::Model::load(arguments.path, options));
  engine::EngineOptions engine_options;
  engine_options.context = arguments.context;
  engine_options.kv_bytes = arguments.kv_bytes;
  engine_options.prefix_cache = arguments.prefix_cache;
  engine_options.max_queue = 1u << 20;  // Python's lists are the queue
  return engine::Engine::create(std::move(model), engine_options);
}

/// "2GB", a number of bytes, or None.
uint64_t bytes_of(const nb::object& value, const char* name) {
  if (value.is_none()) return 0;
  uint64_t bytes = 0;
  if (nb::isinstance<nb::str>(value)) return value_or_raise(parse_bytes(nb::cast<std::string>(value)));
  if (nb::try_cast<uint64_t>(value, bytes) && bytes > 0) return bytes;
  throw Failure({ErrorKind::InvalidArgument, fmt::format("{} must be a positive number of bytes, or a text such as \"2GB\"", name)});
}

void construct(EngineObject* self, const std::filesystem::path& path, int threads, const std::optional<std::string>& isa,
               bool fast, const std::string& kv_type, const std::optional<std::string>& quantize, const nb::object& memory, const nb::object& kv_memory,
               uint32_t context, bool prefix_cache) {
  const LoadArguments arguments{path, threads, isa, fast, kv_type, quantize, bytes_of(memory, "memory"), bytes_of(kv_memory, "kv_memory"),
                                context, prefix_cache};
  new (self) EngineObject(value_or_raise(run_interruptibly([arguments] { return load(arguments); })));
}

JobObject submit(const EngineObject& self, const std::vector<std::vector<TokenId>>& prompts, const nb::object& sampling, bool streams,
                 const std::shared_ptr<Notifier>& notifier, uint64_t key) {
  const auto request = request_of(sampling);
  std::vector<engine::Request> requests(prompts.size(), request);
  for (size_t i = 0; i < prompts.size(); ++i) requests[i].prompt = prompts[i];
  const nb::gil_scoped_release released;
  return JobObject(value_or_raise(Job::submit(self.holder(), std::move(requests), streams, notifier, key)));
}

Tensor logits(const EngineObject& self, std::vector<TokenId> ids) {
  const auto rows = static_cast<int64_t>(ids.size());
  auto values = run_interruptibly([engine = self.engine(), ids = std::move(ids)] { return engine->logits(ids); });
  auto owner = std::make_shared<std::vector<float>>(value_or_raise(std::move(values)));
  auto* data = reinterpret_cast<std::byte*>(owner->data());
  const size_t bytes = owner->size() * sizeof(float);
  const int64_t columns = rows == 0 ? 0 : static_cast<int64_t>(owner->size()) / rows;
  Buffer memory = Buffer::foreign(data, bytes, [owner] {});
  return value_or_raise(Tensor::over(std::move(memory), tensor::DataType::Float32, {rows, columns}));
}

/// `variables` is the JSON text of an object with "messages".
std::string render(const EngineObject& self, const std::string& variables, bool add_generation_prompt) {
  const auto& model = self.model();
  const auto& tokenizer = *model.tokenizer();
  if (!model.chat_template()) {
    throw Failure({ErrorKind::Unsupported, fmt::format("{} has no chat template; use generate", model.info().name)});
  }
  const auto document = nlohmann::ordered_json::parse(variables, nullptr, false);
  if (document.is_discarded()) throw Failure({ErrorKind::InvalidArgument, "the messages cannot be written as JSON"});
  text::ChatContext context;
  context.add_generation_prompt = add_generation_prompt;
  if (const auto bos = tokenizer.bos()) context.bos_token = tokenizer.token(*bos);
  if (const auto eos = tokenizer.eos()) context.eos_token = tokenizer.token(*eos);
  const nb::gil_scoped_release released;
  return value_or_raise(model.chat_template()->render(document, context));
}

nb::dict info(const EngineObject& self) {
  const auto& i = self.model().info();
  nb::dict result;
  result["name"] = i.name;
  result["architecture"] = i.architecture;
  result["path"] = i.path;
  result["weight_types"] = i.weight_types;
  result["quantize"] = i.quantize.empty() ? nb::object(nb::none()) : nb::object(nb::str(i.quantize.c_str()));
  result["parameters"] = i.parameters;
  result["tensor_bytes"] = i.tensor_bytes;
  result["weight_bytes"] = i.weight_bytes;
  result["layers"] = i.layers;
  result["hidden"] = i.hidden;
  result["vocabulary"] = i.vocabulary;
  result["context_length"] = i.context_length;
  result["isa"] = i.isa;
  result["kv_format"] = i.kv_format;
  result["threads"] = i.threads;
  result["load_seconds"] = i.load_seconds;
  return result;
}

nb::dict stats(const EngineObject& self) {
  const auto s = self.engine()->stats();
  nb::dict result;
  result["running"] = s.running;
  result["waiting"] = s.waiting;
  result["pages"] = s.pages;
  result["pages_used"] = s.pages_used;
  result["pages_cached"] = s.pages_cached;
  result["prefix_queries"] = s.prefix_queries;
  result["prefix_hits"] = s.prefix_hits;
  result["prompt_tokens"] = s.prompt_tokens;
  result["generation_tokens"] = s.generation_tokens;
  result["preemptions"] = s.preemptions;
  result["steps"] = s.steps;
  result["kv_bytes_used_peak"] = s.kv_bytes_used_peak;
  return result;
}

}  // namespace

void bind_engine(nb::module_& module) {
  nb::class_<EngineObject>(module, "Engine")
      .def("__init__", &construct, nb::arg("path"), nb::kw_only(), nb::arg("threads"), nb::arg("isa").none(), nb::arg("fast"), nb::arg("kv_type"),
           nb::arg("quantize").none(), nb::arg("memory").none(), nb::arg("kv_memory").none(), nb::arg("context"), nb::arg("prefix_cache"))
      .def("submit", &submit, nb::arg("prompts"), nb::arg("sampling"), nb::kw_only(), nb::arg("streams"), nb::arg("notifier").none(),
           nb::arg("key"))
      .def("logits", &logits, nb::arg("ids"))
      .def("render", &render, nb::arg("variables"), nb::kw_only(), nb::arg("add_generation_prompt"))
      .def("close", &EngineObject::close)
      .def_prop_ro("state", &EngineObject::state)
      .def_prop_ro("context", [](const EngineObject& self) { return self.engine()->context(); })
      .def_prop_ro("tokenizer", [](const EngineObject& self) { return Tokenizer{self.model().tokenizer()}; })
      .def_prop_ro("info", &info)
      .def_prop_ro("stats", &stats);
}

}  // namespace headrace::python
