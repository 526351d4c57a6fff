#include "text/jinja/renderer.h"

#include "text/jinja/callable.h"
#include "text/jinja/json_value.h"
#include "text/jinja/text_of.h"

namespace headrace::text::jinja {
namespace {

// What values may take beside the text: four times its limit.
uint64_t value_limit(const ChatContext& context) {
  return context.limit_bytes > UINT64_MAX / 4 ? UINT64_MAX : context.limit_bytes * 4 + (1 << 20);
}

}  // namespace

Renderer::Renderer(const Program& program, const nlohmann::ordered_json& variables, const ChatContext& context)
    : program_(program),
      variables_(variables),
      context_(context),
      heap_(value_limit(context), context.limit_steps),
      globals_(program.names.size()) {}

std::string Renderer::run() {
  try {
    std::string text;
    output_ = &text;
    const auto scope = open_scope({}, 0);
    program_.body.execute(*this, *scope);
    return text;
  } catch (Failure& failure) {
    if (failure.line == 0) failure.line = line_;
    throw;
  }
}

Value Renderer::global(NameId name) {
  std::optional<Value>& known = globals_[name];
  if (!known) known = find_global_value(program_.names[name]);
  return *known;
}

Value Renderer::find_global_value(const std::string& name) {
  if (variables_.is_object())
    if (const auto found = variables_.find(name); found != variables_.end()) return value_of_json(heap_, *found);
  if (name == "add_generation_prompt") return Value(context_.add_generation_prompt);
  if (name == "bos_token") return make_string(heap_, context_.bos_token);
  if (name == "eos_token") return make_string(heap_, context_.eos_token);
  if (const FilterFunction function = find_global(name))
    return Value(Kind::Callable, heap_.make<BoundFunction>(name, Value::none(), function));
  return undefined(fmt::format("'{}' is undefined", name));
}

Value Renderer::call(const Value& callee, Arguments& arguments) {
  if (callee.is_undefined()) stop_undefined(callee);
  if (!callee.is(Kind::Callable)) {
    const FilterFunction function = find_method(callee, "__call__");
    if (!function) stop("a {} cannot be called", type_name(callee));
    return function(*this, callee, arguments);
  }
  const Nesting nesting(*this);
  return callee.as<CallableObject>().call(*this, arguments);
}

void Renderer::write(std::string_view text) {
  written_bytes_ += text.size();
  if (written_bytes_ > context_.limit_bytes)
    stop_at_limit("the rendered text is over {} bytes", context_.limit_bytes);
  output_->append(text);
}

void Renderer::write(const Value& value) {
  if (value.is_string()) return write(value.text());
  write(text_of(heap_, value));
}

void Renderer::Nesting::stop_nesting(Renderer& renderer) {
  --renderer.nesting_;
  stop_at_limit("macros or loops call each other more than {} levels deep", kDeepest);
}

}  // namespace headrace::text::jinja
