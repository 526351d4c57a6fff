// Compiles and renders whatever it is given: the first line is JSON (the variables, or
// anything else: then a small chat is used), the rest is the template. Limits are small
// so that a run is short; whatever the input, the answer is a text or an error.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "text/chat_template.h"

namespace {

using Json = nlohmann::ordered_json;

const Json& small_chat() {
  static const Json kChat = Json::parse(R"({
    "messages": [{"role": "system", "content": "Be brief."},
                 {"role": "user", "content": "Gr\u00fc\u00dfe \ud83d\ude00\n"},
                 {"role": "assistant", "content": null,
                  "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"a": [1, 2.5, true]}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
    "x": 3, "s": "text", "l": [3, 1, 2], "d": {"k": "v"}})");
  return kChat;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view source(reinterpret_cast<const char*>(data), size);
  const Json* variables = &small_chat();
  Json own;
  if (source.starts_with('{') && !source.starts_with("{{") && !source.starts_with("{%") && !source.starts_with("{#")) {
    const size_t end = source.find('\n');
    own = Json::parse(source.substr(0, end), nullptr, false);
    if (own.is_object()) variables = &own;
    source = end == std::string_view::npos ? std::string_view() : source.substr(end + 1);
  }
  const auto compiled = headrace::text::ChatTemplate::compile(std::string(source));
  if (!compiled) return 0;
  headrace::text::ChatContext context;
  context.now_seconds = 1'700'000'000;
  context.limit_bytes = 1 << 20;
  context.limit_steps = 50'000;
  const auto text = (*compiled)->render(*variables, context);
  if (text && text->size() > context.limit_bytes) std::abort();
  return 0;
}
