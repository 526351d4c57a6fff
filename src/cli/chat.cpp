#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "cli/chat_prompt.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/print_json.h"
#include "cli/run_request.h"
#include "cli/sampling_options.h"

namespace headrace::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFooter = R"(
Type a message and press Enter; Ctrl-C stops an answer, Ctrl-D leaves.
  /clear          forget the conversation
  /system TEXT    set the system message (and forget the conversation)
  /help, /exit
Where standard input is no terminal, each line of it is a message.

Examples:
  headrace chat
  headrace chat smollm2 --system "Answer in one sentence."
  echo "Name the capital of Italy." | headrace chat smollm2 --greedy)";

constexpr const char* kHelp = R"(/clear          forget the conversation
/system TEXT    set the system message (and forget the conversation)
/exit           leave (or Ctrl-D)
Ctrl-C          stop an answer
)";

struct ChatOptions : ModelOptions {
  SamplingOptions sampling;
  std::string system;
};

/// Reads lines from standard input without losing a Ctrl-C meanwhile.
class LineReader {
 public:
  enum class Got { Line, End, Interrupted };

  Got read(std::string& line) {
    for (;;) {
      if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
        line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return Got::Line;
      }
      if (InterruptGuard::interrupted()) {
        buffer_.clear();
        return Got::Interrupted;
      }
      if (!fill() && !InterruptGuard::interrupted()) return last(line);
    }
  }

 private:
  bool fill() {
    // The poll's limit closes the gap between looking at the flag and waiting.
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 100) <= 0) return true;
    char piece[4096];
    const ssize_t got = ::read(STDIN_FILENO, piece, sizeof piece);
    if (got > 0) buffer_.append(piece, static_cast<size_t>(got));
    return got > 0 || (got < 0 && errno == EINTR);
  }

  Got last(std::string& line) {
    if (buffer_.empty()) return Got::End;
    line = std::exchange(buffer_, {});
    return Got::Line;
  }

  std::string buffer_;
};

class Conversation {
 public:
  Conversation(const ChatOptions& options, std::shared_ptr<engine::Engine> engine)
      : options_(options), engine_(std::move(engine)), system_(options.system), pretty_(::isatty(STDOUT_FILENO) == 1 && !options.json) {
    clear();
  }

  Result<int> run();

 private:
  bool asks() const { return ::isatty(STDIN_FILENO) == 1 && !options_.json && !options_.quiet; }

  void clear() {
    messages_ = Json::array();
    if (!system_.empty()) messages_.push_back({{"role", "system"}, {"content", system_}});
  }

  /// Forgets the oldest message and its answer; false if only the newest is left.
  bool forget_oldest() {
    const size_t first = system_.empty() ? 0 : 1;
    if (messages_.size() <= first + 1) return false;
    messages_.erase(first);
    if (messages_[first]["role"] == "assistant") messages_.erase(first);
    return true;
  }

  bool obey(const std::string& line);
  Result<void> answer(const std::string& question);
  Result<Outcome> ask(std::string& reply, engine::FinishReason& finish);
  void finish_answer(const std::string& reply, const Outcome& outcome, engine::FinishReason finish) const;

  const ChatOptions& options_;
  std::shared_ptr<engine::Engine> engine_;
  std::string system_;
  Json messages_;
  InterruptGuard guard_;
  LineReader reader_;
  bool pretty_;
};

/// Does what a line that begins with / says; false: leave.
bool Conversation::obey(const std::string& line) {
  if (line == "/exit" || line == "/quit" || line == "/bye") return false;
  if (line == "/clear") {
    clear();
  } else if (line.starts_with("/system")) {
    system_ = line.size() > 8 ? line.substr(8) : "";
    clear();
  } else if (line == "/help") {
    fmt::print(stderr, "{}", kHelp);
  } else {
    fmt::print(stderr, "There is no {}; /help shows what there is.\n", line);
  }
  return true;
}

/// One answer to the messages as they are; the oldest are forgotten where the context is full.
Result<Outcome> Conversation::ask(std::string& reply, engine::FinishReason& finish) {
  for (;;) {
    HR_TRY(auto prompt, chat_prompt(*engine_->model(), messages_));
    auto request = make_request(options_.sampling, std::move(prompt));
    const uint32_t room = engine_->context() > request.prompt.size() ? engine_->context() - static_cast<uint32_t>(request.prompt.size()) : 0;
    if (room != 0) request.max_tokens = std::min(request.max_tokens, room);
    auto outcome = run_request(*engine_, std::move(request), [&](const engine::Event& event) {
      reply += event.text;
      if (event.finish != engine::FinishReason::None) finish = event.finish;
      if (options_.json) return;
      fmt::print("{}", event.text);
      std::fflush(stdout);
    });
    if (outcome || outcome.error().kind != ErrorKind::OutOfRange || !forget_oldest()) return outcome;
    if (!options_.quiet) fmt::print(stderr, "(the context is full; the oldest message is forgotten)\n");
  }
}

void Conversation::finish_answer(const std::string& reply, const Outcome& outcome, engine::FinishReason finish) const {
  if (options_.json) {
    print_json({{"role", "assistant"}, {"content", reply},
                {"finish_reason", outcome.interrupted ? "cancelled" : engine::name(finish)},
                {"usage", {{"prompt_tokens", outcome.usage.prompt_tokens}, {"completion_tokens", outcome.usage.completion_tokens},
                           {"cached_tokens", outcome.usage.cached_tokens}}}});
    return;
  }
  fmt::print("\n");
  const double decode_seconds = outcome.seconds - outcome.first_token_seconds;
  if (pretty_ && !options_.quiet && outcome.usage.completion_tokens > 1 && decode_seconds > 0) {
    fmt::print("\033[2m[{} tokens, {:.0f} tokens/s]\033[0m\n", outcome.usage.completion_tokens,
               (outcome.usage.completion_tokens - 1) / decode_seconds);
  }
  std::fflush(stdout);
}

Result<void> Conversation::answer(const std::string& question) {
  messages_.push_back({{"role", "user"}, {"content", question}});
  std::string reply;
  auto finish = engine::FinishReason::None;
  const auto outcome = ask(reply, finish);
  if (!outcome) {
    messages_.erase(messages_.size() - 1);
    return std::unexpected(outcome.error());
  }
  finish_answer(reply, *outcome, finish);
  messages_.push_back({{"role", "assistant"}, {"content", reply}});
  return {};
}

Result<int> Conversation::run() {
  if (asks()) fmt::print(stderr, "{}. /help shows the commands, Ctrl-D leaves.\n", engine_->model()->info().name);
  bool interrupted_before = false;
  for (std::string line;;) {
    guard_.clear();
    if (asks()) fmt::print(stderr, "> ");
    const auto got = reader_.read(line);
    if (got == LineReader::Got::End || (got == LineReader::Got::Interrupted && (interrupted_before || !asks()))) {
      if (asks()) fmt::print(stderr, "\n");
      return got == LineReader::Got::End ? 0 : kInterrupted;
    }
    interrupted_before = got == LineReader::Got::Interrupted;
    if (interrupted_before) fmt::print(stderr, "\n(Ctrl-C again or Ctrl-D leaves)\n");
    if (interrupted_before || line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line.starts_with('/')) {
      if (!obey(line)) return 0;
      continue;
    }
    const auto answered = answer(line);
    if (answered) continue;
    if (!asks()) return std::unexpected(answered.error());
    fmt::print(stderr, "{}\n", answered.error().message);
  }
}

Result<int> run(ChatOptions& options) {
  HR_TRY(const auto model, load_model(options));
  if (!model->chat_template()) return std::unexpected(chat_prompt(*model, Json::array()).error());
  auto limits = engine_options(options);
  limits.max_sequences = 1;
  HR_TRY(auto created, engine::Engine::create(model, limits));
  // Never destroyed: the process ends by itself, without waiting for a cancelled step.
  const auto engine = *new std::shared_ptr<engine::Engine>(std::move(created));
  Conversation conversation(options, engine);
  return conversation.run();
}

}  // namespace

void add_chat(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ChatOptions>();
  options->sampling.max_tokens = 1024;
  CLI::App* command = add_command(app, chosen, "chat", "talk to a model in the terminal", options, run);
  add_model_argument(*command, *options, false);
  command->add_option("--system", options->system, "a system message")->option_text("TEXT");
  add_sampling_options(*command, options->sampling);
  add_run_options(*command, *options);
  command->footer(kFooter);
}

}  // namespace headrace::cli
