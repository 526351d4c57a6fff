#include <fmt/format.h>

#include <memory>

#include "base/memory_budget.h"
#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "model/gguf.h"

namespace headrace::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFooter = R"(
Long arrays and texts are cut short; --json prints everything.

Examples:
  headrace inspect model.gguf
  headrace inspect smollm2 --json | jq '.metadata["llama.block_count"]')";

constexpr size_t kShownItems = 6;
constexpr size_t kShownText = 70;

struct InspectOptions : ModelOptions {};

Json items_json(const model::GgufArray& array) {
  return std::visit([](const auto& items) { return Json(items); }, array.items);
}

Json value_json(const model::GgufValue& value) {
  return std::visit(
      [](const auto& item) {
        if constexpr (std::is_same_v<std::decay_t<decltype(item)>, model::GgufArray>) {
          return items_json(item);
        } else {
          return Json(item);
        }
      },
      value);
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Cuts between characters.
std::string cut(std::string text) {
  if (text.size() <= kShownText) return text;
  size_t end = kShownText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

template <class Items>
std::string shown_items(const Items& items) {
  std::string text = "[";
  for (size_t i = 0; i < items.size() && i < kShownItems; ++i) text += (i == 0 ? "" : ", ") + cut(dumped(Json(items[i])));
  return text + fmt::format("{}] ({} items)", items.size() > kShownItems ? ", …" : "", items.size());
}

std::string shown_value(const model::GgufValue& value) {
  if (const auto* array = std::get_if<model::GgufArray>(&value)) {
    return std::visit([](const auto& items) { return shown_items(items); }, array->items);
  }
  return cut(dumped(value_json(value)));
}

Json inspect_json(const model::Gguf& gguf) {
  Json metadata = Json::object();
  for (const auto& [key, value] : gguf.metadata()) metadata[key] = value_json(value);
  Json tensors = Json::array();
  for (const auto& tensor : gguf.tensors()) {
    tensors.push_back({{"name", tensor.name}, {"shape", tensor.shape}, {"type", tensor.type_name}, {"offset", tensor.offset},
                       {"bytes", tensor.bytes}, {"elements", tensor.elements}, {"supported", tensor.type.has_value()}});
  }
  return {{"path", gguf.file().path().string()}, {"format", "GGUF"}, {"version", gguf.version()},
          {"file_bytes", gguf.file().size_bytes()}, {"tensor_bytes", gguf.tensor_bytes()}, {"metadata", metadata}, {"tensors", tensors}};
}

void print_table(const model::Gguf& gguf) {
  fmt::print("{}\nGGUF version {}, {}, {} metadata entries, {} tensors of {}\n\n", gguf.file().path().string(), gguf.version(),
             format_bytes(gguf.file().size_bytes()), gguf.metadata().size(), gguf.tensors().size(), format_bytes(gguf.tensor_bytes()));
  size_t width = 0;
  for (const auto& [key, value] : gguf.metadata()) width = std::max(width, key.size());
  for (const auto& [key, value] : gguf.metadata()) fmt::print("{:<{}}  {}\n", key, width, shown_value(value));
  width = 4;
  for (const auto& tensor : gguf.tensors()) width = std::max(width, tensor.name.size());
  fmt::print("\n{:<{}}  {:<16}  {:<8}  {:>10}\n", "tensor", width, "shape", "type", "size");
  for (const auto& tensor : gguf.tensors()) {
    fmt::print("{:<{}}  {:<16}  {:<8}  {:>10}{}\n", tensor.name, width, fmt::format("{}", fmt::join(tensor.shape, " × ")),
               tensor.type_name, format_bytes(tensor.bytes), tensor.type ? "" : "  (not supported yet)");
  }
}

Result<int> run(InspectOptions& options) {
  HR_TRY(const auto path, find_model(options));
  HR_TRY(const auto gguf, model::Gguf::open(path));
  if (options.json) {
    print_json(inspect_json(gguf));
  } else {
    print_table(gguf);
  }
  return 0;
}

}  // namespace

void add_inspect(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = add_command(app, chosen, "inspect", "show what is in a model file", options, run);
  command->add_option("FILE", options->model, "a .gguf file, a folder that holds one, or a name")->option_text(" ")->required();
  add_json_option(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
