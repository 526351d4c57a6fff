// Gives whatever it is given to the readers of request bodies: the first byte picks the
// route, the rest is the body. A request that is accepted must lie within the limits that
// the server promises; a refused one must have an error that is JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "../unit/server/fake_engine.h"
#include "server/api/chat_request.h"
#include "server/api/completion_request.h"

namespace {

using headrace::server::ApiError;

void check(bool right) {
  if (!right) std::abort();
}

void check_refusal(const ApiError& error) {
  check(error.status >= 400 && error.status < 600 && !error.message.empty());
  check(nlohmann::json::accept(headrace::server::to_json(error)));
}

void check_request(const headrace::server::GenerationRequest& request, size_t prompt_tokens, uint32_t context) {
  const auto& engine = request.engine;
  check(engine.sampling.temperature >= 0 && engine.sampling.temperature <= 2);
  check(engine.sampling.top_p >= 0 && engine.sampling.top_p <= 1);
  check(engine.n >= 1 && engine.n <= 128 && engine.best_of >= engine.n && engine.best_of <= 128);
  check(engine.stop.size() <= 16);
  check(prompt_tokens >= 1 && prompt_tokens + engine.max_tokens <= context);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kService = headrace::test::fake_service();
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto json = headrace::server::parse_body(body);
  if (!json) {
    check_refusal(json.error());
    return 0;
  }
  const uint32_t context = kService->engine->context();
  if (data[0] % 2 == 0) {
    const auto request = headrace::server::read_chat_request(*json, *kService);
    if (request) check_request(request->generation, request->generation.engine.prompt.size(), context);
    else check_refusal(request.error());
  } else {
    const auto request = headrace::server::read_completion_request(*json, *kService);
    if (!request) check_refusal(request.error());
    else for (const auto& prompt : request->prompts) check_request(request->generation, prompt.size(), context);
  }
  return 0;
}
