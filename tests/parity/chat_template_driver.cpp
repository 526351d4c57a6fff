// Renders chat templates for the parity test: reads one JSON object a line,
// {"template", "variables", "limit_steps"?}, and writes {"text"} or {"error", "kind"}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "text/chat_template.h"

namespace {

using headrace::Error;
using headrace::text::ChatContext;
using headrace::text::ChatTemplate;
using Json = nlohmann::ordered_json;

Json failure(const Error& error) { return {{"error", error.message}, {"kind", headrace::name(error.kind)}}; }

Json answer(const Json& request) {
  auto compiled = ChatTemplate::compile(request.at("template").get<std::string>());
  if (!compiled) return failure(compiled.error());
  ChatContext context;
  context.now_seconds = request.value("now", int64_t{1'700'000'000});
  context.limit_steps = request.value("limit_steps", context.limit_steps);
  auto text = (*compiled)->render(request.at("variables"), context);
  if (!text) return failure(text.error());
  return {{"text", *text}};
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(Json::parse(line)).dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}
