#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/file.h"
#include "cli/chat_prompt.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "cli/run_request.h"
#include "cli/sampling_options.h"

namespace headrace::cli {
namespace {

constexpr const char* kFooter = R"(
The prompt is --prompt, --file, --ids, or else standard input. The text appears as
it is made; Ctrl-C ends it.

Examples:
  headrace generate smollm2 --prompt "The sea is" --greedy --max-tokens 20
  headrace generate smollm2 --chat --prompt "Name three rivers."
  headrace generate smollm2 --json --logprobs 3 --prompt "1, 2, 3,"
  cat story.txt | headrace generate smollm2 --seed 7)";

struct GenerateOptions : ModelOptions {
  SamplingOptions sampling;
  std::string prompt;
  std::string file;
  std::string ids;
  std::string system;
  CLI::Option* prompt_given = nullptr;
  CLI::Option* logprobs_given = nullptr;
  bool chat = false;
  bool echo = false;
  uint32_t top_logprobs = 0;
  uint32_t choices = 1;
  uint32_t best_of = 0;
};

/// What has been generated of one choice.
struct Choice {
  std::string text;
  std::vector<engine::TokenOutput> tokens;
  engine::FinishReason finish = engine::FinishReason::None;
};

Result<std::string> prompt_text(const GenerateOptions& options) {
  if (options.prompt_given->count() != 0) return options.prompt;
  if (!options.file.empty()) return read_file(options.file);
  return read_standard_input();
}

Result<std::vector<text::TokenId>> prompt_ids(const GenerateOptions& options, const model::Model& model) {
  if (!options.ids.empty()) return parse_ids(options.ids);
  HR_TRY(const std::string text, prompt_text(options));
  if (!options.chat) {
    HR_TRY(auto encoding, model.tokenizer()->encode(text));
    if (encoding.ids.empty()) return fail(ErrorKind::InvalidArgument, "the prompt is empty; give --prompt, --file or --ids");
    return std::move(encoding.ids);
  }
  auto messages = nlohmann::ordered_json::array();
  if (!options.system.empty()) messages.push_back({{"role", "system"}, {"content", options.system}});
  messages.push_back({{"role", "user"}, {"content", text}});
  return chat_prompt(model, messages);
}

/// An engine with no more room than this request needs: it is up at once.
engine::EngineOptions fitted_engine(const GenerateOptions& options, model::Model& model, const engine::Request& request) {
  auto result = engine_options(options);
  const uint64_t longest = request.prompt.size() + std::max(1u, request.max_tokens) + 1;
  const uint64_t limit = options.context != 0 ? options.context : model.info().context_length;
  result.max_sequences = std::max(1u, request.best_of);
  result.prefix_cache = request.best_of > 1;
  if (request.max_tokens == 0 || longest >= limit) return result;
  if (options.context == 0) result.context = static_cast<uint32_t>(longest);
  const uint64_t pages = (longest / kernels::kPageTokens + 2) * result.max_sequences;
  if (options.kv_bytes == 0) result.kv_bytes = pages * model.backend().page_bytes();
  return result;
}

/// Prints text as it comes; with several choices only when all are there.
class Printer {
 public:
  Printer(const GenerateOptions& options, const text::Tokenizer& tokenizer)
      : options_(options), tokenizer_(tokenizer), choices_(options.choices) {}

  void take(const engine::Event& event) {
    if (!event.prompt.empty()) prompt_ = event.prompt;
    if (event.choice >= choices_.size()) return;
    auto& choice = choices_[event.choice];
    if (event.finish != engine::FinishReason::None) choice.finish = event.finish;
    choice.text += event.text;
    choice.tokens.insert(choice.tokens.end(), event.tokens.begin(), event.tokens.end());
    if (!streams()) return;
    fmt::print("{}", event.text);
    std::fflush(stdout);
  }

  void finish() const {
    for (size_t i = 0; i < choices_.size() && !streams(); ++i) fmt::print("--- {} ---\n{}\n", i + 1, choices_[i].text);
    if (streams() && !choices_[0].text.ends_with('\n')) fmt::print("\n");
    for (const auto& choice : choices_) {
      if (options_.logprobs_given->count() != 0) print_logprobs(choice.tokens);
    }
  }

  nlohmann::ordered_json choices_json() const {
    auto list = nlohmann::ordered_json::array();
    for (size_t i = 0; i < choices_.size(); ++i) {
      std::vector<text::TokenId> ids;
      for (const auto& token : choices_[i].tokens) ids.push_back(token.id);
      nlohmann::ordered_json choice = {{"index", i}, {"text", choices_[i].text}, {"token_ids", ids},
                                       {"finish_reason", engine::name(choices_[i].finish)}};
      if (options_.logprobs_given->count() != 0) choice["logprobs"] = logprobs_json(choices_[i].tokens, tokenizer_);
      list.push_back(std::move(choice));
    }
    return list;
  }

  nlohmann::ordered_json prompt_json() const { return logprobs_json(prompt_, tokenizer_); }

 private:
  bool streams() const { return choices_.size() == 1 && !options_.json; }

  void print_logprobs(const std::vector<engine::TokenOutput>& tokens) const {
    for (const auto& token : tokens) {
      fmt::print("{:>9.4f}  {:<16}", token.logprob, quoted(token.id));
      for (const auto& other : token.top) fmt::print("  {} {:.4f}", quoted(other.id), other.logprob);
      fmt::print("\n");
    }
  }

  std::string quoted(text::TokenId id) const {
    return nlohmann::json(tokenizer_.token_bytes(id)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  const GenerateOptions& options_;
  const text::Tokenizer& tokenizer_;
  std::vector<Choice> choices_;
  std::vector<engine::TokenOutput> prompt_;
};

nlohmann::ordered_json timings_json(const Outcome& outcome, double load_seconds) {
  const double decode_seconds = outcome.seconds - outcome.first_token_seconds;
  const double decoded = outcome.usage.completion_tokens > 0 ? outcome.usage.completion_tokens - 1.0 : 0.0;
  return {{"load_ms", load_seconds * 1e3}, {"first_token_ms", outcome.first_token_seconds * 1e3},
          {"total_ms", outcome.seconds * 1e3},
          {"tokens_per_s", decoded > 0 && decode_seconds > 0 ? decoded / decode_seconds : 0.0}};
}

engine::Request request_of(const GenerateOptions& options, std::vector<text::TokenId> prompt) {
  auto request = make_request(options.sampling, std::move(prompt));
  request.n = options.choices;
  request.best_of = std::max(options.choices, options.best_of);
  request.logprobs = options.logprobs_given->count() != 0;
  request.top_logprobs = options.top_logprobs;
  request.echo = options.echo && options.json;
  return request;
}

Result<int> run(GenerateOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  HR_TRY(const auto model, load_model(options));
  HR_TRY(auto prompt, prompt_ids(options, *model));
  auto request = request_of(options, std::move(prompt));
  HR_TRY(auto engine, engine::Engine::create(model, fitted_engine(options, *model, request)));
  const double load_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (options.echo && !options.json) {
    HR_TRY(const auto text, model->tokenizer()->decode(request.prompt));
    fmt::print("{}", text);
  }
  const InterruptGuard guard;
  Printer printer(options, *model->tokenizer());
  HR_TRY(const auto outcome, run_request(*engine, std::move(request), [&](const engine::Event& event) { printer.take(event); }));
  // The process ends now; what the engine still does for a cancelled request is of no use.
  (void)engine.release();
  if (options.json) {
    nlohmann::ordered_json document = {{"model", model->info().name}, {"choices", printer.choices_json()}};
    if (options.echo) document["prompt"] = printer.prompt_json();
    document["usage"] = {{"prompt_tokens", outcome.usage.prompt_tokens}, {"completion_tokens", outcome.usage.completion_tokens}};
    document["timings"] = timings_json(outcome, load_seconds);
    print_json(document);
  } else {
    printer.finish();
  }
  return outcome.interrupted ? kInterrupted : 0;
}

}  // namespace

void add_generate(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = add_command(app, chosen, "generate", "continue a text", options, run);
  add_model_argument(*command, *options, true);
  auto* prompt = command->add_option("-p,--prompt", options->prompt, "the text to continue")->option_text("TEXT");
  auto* file = command->add_option("-f,--file", options->file, "read the prompt from a file")->option_text("PATH");
  auto* ids = command->add_option("--ids", options->ids, "the prompt as token ids")->option_text("1,2,3");
  prompt->excludes(file)->excludes(ids);
  file->excludes(ids);
  options->prompt_given = prompt;
  auto* chat = command->add_flag("--chat", options->chat, "put the prompt through the model's chat template")->excludes(ids);
  command->add_option("--system", options->system, "a system message before it")->option_text("TEXT")->needs(chat);
  command->add_flag("--echo", options->echo, "print the prompt before the text");
  options->logprobs_given = command->add_option("--logprobs", options->top_logprobs, "report logprobs, and those of the N most likely tokens")
                                ->option_text("N")->check(CLI::Range(0u, 1000u));
  command->add_option("--choices", options->choices, "generate so many texts [1]")->option_text("N")->check(CLI::Range(1u, 1000u));
  command->add_option("--best-of", options->best_of, "generate so many and keep the most likely ones")
      ->option_text("N")->check(CLI::Range(1u, 1000u));
  add_sampling_options(*command, options->sampling);
  add_run_options(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
