#include "text/chat_template.h"

#include <fmt/format.h>

#include <new>
#include <nlohmann/json.hpp>

#include "text/jinja/failure.h"
#include "text/jinja/parser.h"
#include "text/jinja/renderer.h"
#include "text/jinja/unicode.h"

namespace headrace::text {
namespace {

std::unexpected<Error> error_of(const jinja::Failure& failure) {
  return fail(failure.kind, fmt::format("chat template, line {}: {}", failure.line, failure.message));
}

}  // namespace

struct ChatTemplate::State {
  std::string source;
  std::shared_ptr<const jinja::Program> program;
};

ChatTemplate::ChatTemplate(std::unique_ptr<const State> state) : state_(std::move(state)) {}
ChatTemplate::~ChatTemplate() = default;

const std::string& ChatTemplate::source() const { return state_->source; }

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::compile(std::string source) {
  if (!jinja::is_valid_utf8(source)) return fail(ErrorKind::InvalidData, "the chat template is not valid UTF-8");
  try {
    auto program = jinja::Parser(source).run();
    auto state = std::make_unique<const State>(State{std::move(source), std::move(program)});
    return std::shared_ptr<const ChatTemplate>(new ChatTemplate(std::move(state)));
  } catch (const jinja::Failure& failure) {
    return error_of(failure);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::OutOfMemory, "the chat template does not fit into memory");
  }
}

Result<std::string> ChatTemplate::render(const nlohmann::ordered_json& variables, const ChatContext& context) const {
  if (!variables.is_object()) return fail(ErrorKind::InvalidArgument, "a chat template's variables are a JSON object");
  try {
    return jinja::Renderer(*state_->program, variables, context).run();
  } catch (const jinja::Failure& failure) {
    return error_of(failure);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::OutOfMemory, "the rendered chat does not fit into memory");
  }
}

}  // namespace headrace::text
