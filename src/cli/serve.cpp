#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "model/catalog.h"
#include "server/server.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
Serves /v1/chat/completions, /v1/completions, /v1/models, /tokenize, /detokenize,
/apply-template, /health, /ready, /version, /metrics, and a chat page at /.
Ctrl-C or SIGTERM lets running requests end, a second one does not.

Examples:
  headrace serve                                    smollm2 on 127.0.0.1:8080
  headrace serve gemma3 --port 9000
  headrace serve ~/models/my.gguf --host 0.0.0.0 --api-key secret)";

struct ServeOptions : ModelOptions {
  server::ServerOptions server;
  engine::EngineOptions engine;
  bool no_prefix_cache = false;
  bool no_chat_page = false;
};

/// "avx2", or "avx2, weights as Q4_1 ×210, F32 ×61, Q8_0 ×1" where they are not the file's.
std::string kernels_and_weights(const model::ModelInfo& info) {
  return info.quantize.empty() ? info.isa : fmt::format("{}, weights as {}", info.isa, info.weight_types);
}

/// What a person tries first.
void print_welcome(const server::Server& server, const model::ModelInfo& info, const std::string& api_key) {
  const std::string authorization = api_key.empty() ? "" : " -H 'authorization: Bearer '\"$HEADRACE_API_KEY\"";
  fmt::print(
      "{} ({}) is ready.\n"
      "Chat page:  {}/\n"
      "Try:        curl -N {}/v1/chat/completions -H 'content-type: application/json'{} "
      "-d '{{\"model\": \"{}\", \"stream\": true, \"messages\": [{{\"role\": \"user\", \"content\": \"Why is the sky blue?\"}}]}}'\n",
      info.name, kernels_and_weights(info), server.url(), server.url(), authorization, server.model_id());
}

void name_model(ServeOptions& options, const model::ModelInfo& info) {
  if (options.server.model_id.empty() && model::find_in_catalog(options.model) != nullptr) options.server.model_id = options.model;
  if (!options.server.model_id.empty()) options.server.model_aliases.push_back(info.name);
}

Result<int> run(ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  HR_TRY(const auto model, load_model(options));
  options.engine.context = options.context;
  options.engine.kv_bytes = options.kv_bytes;
  options.engine.prefix_cache = !options.no_prefix_cache;
  options.server.chat_page = !options.no_chat_page;
  options.server.catch_signals = true;  // whoever can reach the server, or reads its address, may send one
  if (const char* key = std::getenv("HEADRACE_API_KEY"); key != nullptr && options.server.api_key.empty()) options.server.api_key = key;
  name_model(options, model->info());
  HR_TRY(auto engine, engine::Engine::create(model, options.engine));
  HR_TRY(const auto server, server::Server::start(std::move(engine), options.server));
  if (options.json) {
    print_json({{"url", server->url()}, {"port", server->port()}, {"model", server->model_id()}, {"isa", model->info().isa},
                {"threads", model->info().threads}, {"weight_types", model->info().weight_types}});
  } else if (!options.quiet) {
    print_welcome(*server, model->info(), options.server.api_key);
  }
  std::fflush(stdout);
  server->wait_for_signal();
  return 0;
}

void add_http_options(CLI::App& command, server::ServerOptions& server) {
  constexpr const char* kGroup = "Server";
  command.add_option("--host", server.host, "address to listen on [127.0.0.1]")->option_text("ADDRESS")->group(kGroup);
  command.add_option("--port", server.port, "port; 0: any free one [8080]")->option_text("N")->check(CLI::Range(0, 65535))->group(kGroup);
  command.add_option("--model-id", server.model_id, "the model's name in the API [MODEL]")->option_text("NAME")->group(kGroup);
  command.add_option("--alias", server.model_aliases, "a further name for it; may be repeated")
      ->option_text("NAME")->allow_extra_args(false)->group(kGroup);
  command.add_option("--api-key", server.api_key, "ask clients for this key [$HEADRACE_API_KEY, or none]")
      ->option_text("KEY")->group(kGroup);
  command.add_option("--cors", server.cors_origin, "let browsers on this origin call; * for any")->option_text("ORIGIN")->group(kGroup);
  add_bytes_option(command, "--max-body", server.max_body_bytes, "largest request body [16MiB]")->group(kGroup);
  command.add_option("--drain", server.drain_seconds, "seconds that running requests get at the end [30]")
      ->option_text("SECONDS")->check(CLI::Range(0.0, 86400.0))->group(kGroup);
}

void add_engine_options(CLI::App& command, engine::EngineOptions& engine) {
  constexpr const char* kGroup = "Engine";
  command.add_option("--max-queue", engine.max_queue, "requests that may wait; more get 429 [1024]")->option_text("N")->group(kGroup);
  command.add_option("--max-sequences", engine.max_sequences, "sequences computed together [256]")
      ->option_text("N")->check(CLI::Range(1u, 65536u))->group(kGroup);
  command.add_option("--step-tokens", engine.step_tokens, "tokens of one step, prompts and answers together [256]")
      ->option_text("N")->check(CLI::Range(1u, 65536u))->group(kGroup);
}

}  // namespace

void add_serve(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = add_command(app, chosen, "serve", "answer OpenAI clients over HTTP, with a chat page", options, run);
  add_model_argument(*command, *options, false);
  add_http_options(*command, options->server);
  add_engine_options(*command, options->engine);
  command->add_flag("--no-chat-page", options->no_chat_page, "do not serve the page at /")->group("Server");
  command->add_flag("--no-prefix-cache", options->no_prefix_cache, "do not reuse the work of earlier prompts")->group("Engine");
  add_run_options(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
